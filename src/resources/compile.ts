import { quote } from '../kernel/quote.ts';
import { PATH_LINE } from './probe.ts';
import { DIGEST_CACHE, DIGEST_KEY } from './probers/files.ts';
import { revisionFile, revisionOf } from './probers/units.ts';
import type { Attributes, Content, FetchFile, InstallPackages, Step, WriteFile } from './step.ts';

export const STATE = '/var/lib/k8s-bootstrap';
/** Files from here on are not hashed again at every probe. */
const BIG = 1024 * 1024;

/** A batch of steps for one host: a script, and the bytes that follow it on the same stdin. */
export interface Batch {
  readonly script: string;
  readonly contents: readonly Content[];
}

/** One step with the ids its markers carry. */
export interface NamedStep {
  readonly id: string;
  readonly step: Step;
}

/**
 * Steps as one POSIX sh script that stops at its first failure. Each step prints
 * `NONCE begin ID`, then `NONCE ok ID` or `NONCE fail ID CODE` on stdout; what its commands print goes
 * to stderr, behind the same begin line. Contents are read from descriptor 3 in the order of the steps that need them.
 */
export function compile(steps: readonly NamedStep[], context: { nonce: string; phase: string }): Batch {
  const { nonce } = context;
  const lines = [
    prelude(context.phase),
    ...steps.flatMap(({ id, step }) => [
      `echo ${quote(`${nonce} begin ${id}`)}; echo ${quote(`${nonce} begin ${id}`)} >&2`,
      // In a subshell that `set -e` ends: a step stops at its own first failing command.
      `( set -e; ${command(step)}\n) >&2 <&4; code=$?`,
      `if [ $code -ne 0 ]; then echo ${quote(`${nonce} fail ${id}`)} $code; exit 1; fi`,
      `echo ${quote(`${nonce} ok ${id}`)}`,
    ]),
  ];
  return { script: lines.join('\n'), contents: steps.flatMap(({ step }) => contentOf(step)) };
}

export function describe(step: Step): string {
  switch (step.op) {
    case 'write':
      return `write ${step.path}`;
    case 'fetch':
      return `fetch ${step.path}`;
    case 'attributes':
      return `set mode ${step.attributes.mode} on ${step.path}`;
    case 'directory':
      return `make folder ${step.path}`;
    case 'link':
      return `link ${step.path}`;
    case 'remove':
      return `remove ${step.path}`;
    case 'prune':
      return `prune ${step.path}`;
    case 'packages':
      return `install ${step.names.join(' ')}`;
    case 'unit':
      return `${step.verb} ${step.unit}`;
    case 'run':
      return step.title;
  }
}

/**
 * Functions the steps share. `own` writes the manifest line, and keeps the original of a file that
 * was there before us, ahead of the change itself. Descriptor 4 is /dev/null for commands that read;
 * 8 is a lock that a step holds on to even when its controller has died.
 */
const prelude = (phase: string): string =>
  `
${PATH_LINE}
umask 077
exec 4</dev/null
S=${STATE}
mkdir -p $S/originals $S/revisions $S/tmp
exec 8>>$S/busy
flock -w 60 8 || { echo 'a step of an earlier run is still working on this host' >&2; exit 75; }
own() {
  touch $S/manifest
  if ! grep -qsF "	$1	" $S/manifest; then
    if [ -e "$1" ] && [ ! -d "$1" ]; then
      mkdir -p "$S/originals\${1%/*}"
      [ -e "$S/originals$1" ] || cp -a -- "$1" "$S/originals$1"
    fi
  fi
  { grep -vsF "	$1	" $S/manifest || :; printf '%s\\t%s\\t%s\\n' "$2" "$1" ${quote(phase)}; } > $S/manifest.new
  mv -f $S/manifest.new $S/manifest
}
disown() {
  [ -f $S/manifest ] || return 0
  { grep -vF "	$1	" $S/manifest || :; } > $S/manifest.new
  mv -f $S/manifest.new $S/manifest
}
label() { if command -v restorecon >/dev/null 2>&1; then restorecon -F -- "$1" || :; fi; }`.trim();

function command(step: Step): string {
  switch (step.op) {
    case 'write':
      return write(step);
    case 'fetch':
      return fetch(step);
    case 'attributes':
      return attributes(quote(step.path), step.attributes);
    case 'directory':
      return `own ${quote(step.path)} directory\nmkdir -p -- ${quote(step.path)}\n${attributes(quote(step.path), step.attributes)}\nlabel ${quote(step.path)}`;
    case 'link':
      return `own ${quote(step.path)} link\nln -sfn -- ${quote(step.target)} ${quote(step.path)}`;
    case 'remove':
      return `own ${quote(step.path)} removed\nrm -f -- ${quote(step.path)}\ndisown ${quote(step.path)}`;
    case 'prune':
      return prune(step.path);
    case 'packages':
      return installPackages(step);
    case 'unit':
      return unit(step.verb, step.unit, step.inputs);
    case 'run':
      // What the script leaves unread is read all the same, or the next step would get it.
      return step.stdin
        ? `head -c ${step.stdin.size} <&3 | {\n(\n${step.script}\n)\ncat > /dev/null\n}`
        : step.script;
  }
}

const contentOf = (step: Step): Content[] => {
  if (step.op === 'write') return [step.content];
  return step.op === 'run' && step.stdin ? [step.stdin] : [];
};

/**
 * The new file stands complete, checked and with its rights beside the old one before it takes the
 * name by rename: a running binary is not "text busy", and a crash leaves old or new.
 */
const install = (path: string, digest: string, wanted: Attributes, bring: string, big: boolean): string =>
  `
mkdir -p -- ${quote(path.slice(0, path.lastIndexOf('/')) || '/')}
t=$(mktemp ${quote(`${path.slice(0, path.lastIndexOf('/'))}/.k8s-bootstrap.XXXXXX`)})
trap 'rm -f -- "$t" "$t.archive"' EXIT
${bring}
${attributes('"$t"', wanted)}
own ${quote(path)} ${digest}
mv -fT -- "$t" ${quote(path)}
label ${quote(path)}${big ? remember(path, digest) : ''}`.trim();

const checksum = (
  file: string,
  digest: string,
  path: string,
): string => `sum=$(sha256sum < ${file}); sum=\${sum%% *}
if [ "$sum" != ${digest} ]; then
  echo "checksum of ${path} is $sum after the transfer of $(stat -c %s -- ${file}) bytes, wanted is ${digest}"
  exit 65
fi`;

const write = ({ path, content, attributes: wanted, check }: WriteFile): string =>
  install(
    path,
    content.sha256,
    wanted,
    [
      `head -c ${content.size} <&3 > "$t"`,
      checksum('"$t"', content.sha256, path),
      ...(check === undefined ? [] : [`set -- "$t"\n${check}`]),
    ].join('\n'),
    content.size >= BIG,
  );

/** Of an archive only the one member is unpacked, by name and to stdout: nothing else in it can do harm. */
const fetch = ({ path, urls, sha256, member, attributes: wanted }: FetchFile): string =>
  install(
    path,
    member === undefined ? sha256 : '"$digest"',
    wanted,
    [
      'got=',
      `for u in ${urls.map(quote).join(' ')}; do`,
      `  if curl -fsSL --connect-timeout 10 --retry 2 -o "$t.archive" "$u"; then got=$u; break; fi`,
      'done',
      `[ -n "$got" ] || { echo "none of the sources has ${path}"; exit 66; }`,
      checksum('"$t.archive"', sha256, path),
      member === undefined ? 'mv -f -- "$t.archive" "$t"' : unpack(member),
      'digest=$(sha256sum < "$t"); digest=${digest%% *}',
    ].join('\n'),
    true,
  );

/** Archives are packed with and without a leading `./`. */
const unpack = (member: string): string =>
  `tar -xzOf "$t.archive" ${quote(member)} > "$t" 2>/dev/null || tar -xzOf "$t.archive" ${quote(`./${member}`)} > "$t"`;

const remember = (path: string, digest: string): string => `
{ grep -v ${quote(` ${path}$`)} ${DIGEST_CACHE} 2>/dev/null || :; stat -c '${DIGEST_KEY} '${digest}' %n' -- ${quote(path)}; } > ${DIGEST_CACHE}.new
mv -f ${DIGEST_CACHE}.new ${DIGEST_CACHE}`;

const attributes = (path: string, { mode, owner, group }: Attributes): string =>
  `chown -- ${quote(`${owner}:${group}`)} ${path}\nchmod -- ${quote(mode)} ${path}`;

/** What somebody has changed since is left alone and stays in the manifest: the next plan names it again. */
function prune(path: string): string {
  const unit = /^\/etc\/systemd\/system\/([^/]+\.service)$/.exec(path)?.[1];
  const stop = unit === undefined ? '' : `systemctl disable --now ${quote(unit)} || :`;
  return `
p=${quote(path)}
written=$(awk -F '\t' -v p="$p" '$2 == p { print $1 }' $S/manifest)
case $written in
  directory) [ ! -d "$p" ] || rmdir -- "$p" 2>/dev/null || exit 0 ;;
  link) [ ! -L "$p" ] || rm -f -- "$p" ;;
  *)
    if [ -f "$p" ]; then
      sum=$(sha256sum < "$p")
      [ "\${sum%% *}" = "$written" ] || exit 0
      ${stop}
      rm -f -- "$p"
    fi
    [ ! -e "$S/originals$p" ] || mv -- "$S/originals$p" "$p" ;;
esac
disown "$p"
${unit === undefined ? '' : 'systemctl daemon-reload'}`.trim();
}

/**
 * In a session of its own with its output in a file: when the connection is cut, the package manager
 * finishes rather than leaving a half-done transaction.
 */
function installPackages({ manager, names, environment }: InstallPackages): string {
  const words = names.map(quote).join(' ');
  const verb = {
    yum: `yum install -y -q ${words}`,
    dnf: `dnf install -y -q ${words}`,
    apt: `apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends -o Dpkg::Options::=--force-confold ${words}`,
  }[manager];
  return `${environment.map(([name, value]) => `export ${name}=${quote(value)}`).join('\n')}
log=$(mktemp $S/tmp/packages.XXXXXX)
setsid sh -c ${quote(verb)} > "$log" 2>&1 || { code=$?; tail -n 20 "$log"; rm -f "$log"; exit $code; }
rm -f "$log"`;
}

/** A start that fails says why: the unit's own last lines go with the error. */
function unit(verb: string, name: string, inputs: readonly string[] | undefined): string {
  const starts = verb === 'start' || verb === 'restart';
  const revision = `printf 'K8SB_REV=%s\\n' "$(${revisionOf(inputs ?? [])})" > ${quote(revisionFile(name))}`;
  return [
    'systemctl daemon-reload',
    ...(starts && inputs ? [revision] : []),
    ...(starts ? [`systemctl reset-failed ${quote(name)} 2>/dev/null || :`] : []),
    `systemctl ${verb} ${quote(name)}${starts ? ` || { code=$?; systemctl status --no-pager -l -n 0 ${quote(name)}; journalctl -u ${quote(name)} -n 50 --no-pager -o cat; exit $code; }` : ''}`,
  ].join('\n');
}
