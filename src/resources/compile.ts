import { quote, sh } from '../kernel/quote.ts';
import { PATH_LINE } from '../probe/probe.ts';
import type { Content, Step } from './step.ts';
import { attributes, fetch, folderOf, prune, setAttributes, write } from './steps/files.ts';
import { INTO } from './steps/into.ts';
import { installPackages } from './steps/packages.ts';
import { unit } from './steps/units.ts';

export const STATE = '/var/lib/k8s-bootstrap';

/** What a run holds while it works on a host, by `flock`; the file beside it says who holds it, and ends in a token. */
export const LOCK = `${STATE}/lock`;
export const LOCK_OWNER = `${STATE}/lock.owner`;

/** The exit code of a batch that found the lock to be another's, or nobody's; nothing of it was run then. */
export const LOCK_GONE = 76;

/** What a batch is made for. */
export interface BatchContext {
  readonly nonce: string;
  readonly phase: string;
  /** The token of the run's lock: without it being held on the host, nothing is done there. */
  readonly lock: string;
}

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
export function compile(steps: readonly NamedStep[], context: BatchContext): Batch {
  const { nonce } = context;
  const lines = [
    prelude(context),
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
 * was there before us, ahead of the change itself; another one that was put there later is kept beside it, with a number. `stage` gives a place for a new file, `put` its name to it;
 * `into` is the way to folders that are not ours (`steps/into.ts`).
 * What is renamed is on the disk before, and its name after (`durable`): a power cut leaves the old or the new, and no
 * file that the manifest does not name. Descriptor 4 is /dev/null for commands that read; 8 is a lock that a step holds
 * on to even when its controller has died. Under it the run's own lock is looked at: whoever takes that next waits for
 * 8 first, so nobody comes between the look and the steps.
 */
const prelude = ({ phase, lock }: BatchContext): string =>
  `
${PATH_LINE}
umask 077
exec 4</dev/null
S=${STATE}
mkdir -p $S/originals $S/revisions $S/tmp
exec 8>>$S/busy
flock -w 60 8 || { echo 'a step of an earlier run is still working on this host' >&2; exit 75; }
exec 7>>${LOCK}
if flock -n 7 || ! grep -qsxF -- ${quote(lock)} ${LOCK_OWNER}; then exit ${LOCK_GONE}; fi
exec 7>&-
durable() { [ -L "$1" ] || dd if=/dev/null of="$1" conv=notrunc,fsync 2>/dev/null; }
root_only() { [ -O "$1" ] || { echo "$1 belongs to another than root, who could have put a link there; nothing is written in it"; exit 77; }; }
${INTO}
stage() {
  root_only "$1"
  d=$(mktemp -d "$1/.k8s-bootstrap.XXXXXX")
  trap 'rm -rf -- "$d"' EXIT
  t=$d/new
}
put() { durable "$1"; mv -fT -- "$1" "$2"; durable "$2"; }
others() {
  if [ -e $S/manifest ] && [ ! -s $S/manifest ]; then echo "$S/manifest is empty" >&2; exit 78; fi
  [ ! -e $S/manifest ] || grep -vF "	$1	" $S/manifest || [ $? -eq 1 ]
}
keep() {
  o=$S/originals$1 n=0
  while [ -e "$o" ] || [ -L "$o" ]; do
    if [ ! -L "$1" ] && [ ! -L "$o" ] && [ "$(sha256sum < "$1")" = "$(sha256sum < "$o")" ]; then return 0; fi
    n=$((n + 1)) o=$S/originals$1.$n
  done
  mkdir -p "\${o%/*}"
  cp -a -- "$1" "$o.new"
  put "$o.new" "$o"
}
own() {
  line=$(printf '%s\\t%s\\t%s' "$2" "$1" ${quote(phase)})
  if grep -qsxF "$line" $S/manifest; then return 0; fi
  others "$1" > $S/manifest.new || exit 78
  if [ -e "$1" ] || [ -L "$1" ]; then
    [ -d "$1" ] || grep -qsF "	$1	" $S/manifest || keep "$1"
  fi
  printf '%s\\n' "$line" >> $S/manifest.new
  put $S/manifest.new $S/manifest
}
disown() {
  others "$1" > $S/manifest.new || exit 78
  if [ -s $S/manifest.new ]; then put $S/manifest.new $S/manifest; else rm -f $S/manifest $S/manifest.new; fi
}
label() { if command -v restorecon >/dev/null 2>&1; then restorecon -F -- "$1" || :; fi; }`.trim();

function command(step: Step): string {
  switch (step.op) {
    case 'write':
      return write(step);
    case 'fetch':
      return fetch(step);
    case 'attributes':
      return setAttributes(step);
    case 'directory':
      return `own ${quote(step.path)} directory\nmkdir -p -- ${quote(step.path)}\n${attributes(quote(step.path), step.attributes)}\nlabel ${quote(step.path)}`;
    case 'link':
      return `root_only ${quote(folderOf(step.path))}\nown ${quote(step.path)} link\nln -sfn -- ${quote(step.target)} ${quote(step.path)}`;
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
        ? `${sh`head -c ${step.stdin.size}`} <&3 | {\n(\n${step.script}\n)\ncat > /dev/null\n}`
        : step.script;
  }
}

const contentOf = (step: Step): Content[] => {
  if (step.op === 'write') return [step.content];
  return step.op === 'run' && step.stdin ? [step.stdin] : [];
};
