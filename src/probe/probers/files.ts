import { createHash } from 'node:crypto';
import { BootstrapError } from '../../kernel/errors.ts';
import { oncePer } from '../../kernel/once-per.ts';
import { quote } from '../../kernel/quote.ts';
import type { FileState, Watch } from '../observe.ts';

type FileWatch = Extract<Watch, { kind: 'file' }>;

/**
 * Written by the apply script for big files: `device:inode:size:mtime:ctime sha256 path` a line. The device does not
 * count: many file systems have another number after a boot.
 */
export const DIGEST_CACHE = '/var/lib/k8s-bootstrap/digests';
/** What of a file tells that it is still the same, as `stat` prints it; the cache's first column. */
export const DIGEST_KEY = '%d:%i:%s:%.9Y:%.9Z';

/** A file that is made when the host is asked: its time is the host's own, without a process to tell it. */
const CLOCK = 'clock';

/** As `sha256sum` prints it: 64 digits, two spaces, the path. */
const PATH_COLUMN = 67;

/**
 * What is known of a file by the role it is asked for in, from three inputs: digests remembered in the cache, digests
 * made just now, and what `stat` printed. A unit's inputs are written one digest a line into a file of the unit's own.
 * What is read wholly comes last: awk ends where a file cannot be read.
 */
const ASSORT = `
part == "cache" { sub(/^[0-9]+:/, ""); known[$1, $3] = $2 }
part == "sums" { sum[substr($0, ${PATH_COLUMN})] = $1 }
part == "stat" { print; split($0, at, "|"); if ($0 ~ /^[^|]* regular /) key[at[2]] = substr($6, index($6, ":") + 1) }
part == "lines" { if (!/^[#;]/) print "line " FILENAME ":" $0 }
part != "roles" { next }
$1 == "digest" && !($2 in sum) {
  if ($2 in key && (key[$2], $2) in known) print "sum " $2 "|" known[key[$2], $2]
  else if ($2 in key) print $2 > (d "unknown")
}
!($2 in sum) { next }
$1 == "content" || $1 == "hash" || $1 == "digest" { print "sum " $2 "|" sum[$2]; next }
$1 == "secret" { f = "s." ++n; printf "%s%s", nonce, sum[$2] > (d f); close(d f); print "secret " $2 "|" d f; next }
{ print sum[$2] "  " $2 > (d "r." $1) }`.trim();

/**
 * One `stat`, one `sha256sum` for all files together, the inputs of units among them: forks are what a probe costs.
 * What is in `$contents` is sent right behind; sizes from `stat` cut it apart again. `$D` begins the probe's own
 * files, `$exes` are the running programs of units.
 *
 * A secret's digest leaves the host salted: what is sent is the digest of nonce and digest.
 * @param inputs of each unit, by its index
 * @param wholly shell that leaves in `"$@"` the files that are read wholly but for comments; empty where there are none
 */
export function script(
  watches: readonly FileWatch[],
  inputs: readonly (readonly string[])[],
  wholly: string,
): string {
  if (watches.length === 0 && inputs.length === 0 && wholly === '') return 'contents=';
  const reads = (read: FileWatch['read']): string[] =>
    watches.filter((watch) => watch.read === read).map(({ key }) => key);
  const hashed = [...new Set([...reads('secret'), ...reads('hash'), ...reads('content'), ...inputs.flat()])];
  const roles = [
    ...watches.map(({ read, key }) => `${read} ${key}`),
    ...inputs.flatMap((paths, index) => paths.map((path) => `${index} ${path}`)),
  ];
  const words = (paths: readonly string[]): string => paths.map(quote).join(' ');
  return `
present() { P=; for f in "$@"; do if [ -f "$f" ] && [ ! -L "$f" ]; then P="$P $f"; fi; done; }
set -- ${words(watches.map(({ key }) => key))}
for f in "$@"; do shift; if [ -e "$f" ] || [ -L "$f" ]; then set -- "$@" "$f"; fi; done
for f in "$@"; do [ ! -L "$f" ] || printf 'link %s|%s\n' "$f" "$(readlink -- "$f")"; done
: > "$D.${CLOCK}"
stat -c 'stat %a %U %G %s ${DIGEST_KEY} %F|%n|%N' -- "$D.${CLOCK}" "$@" $exes > "$D.stat" 2>/dev/null
present ${words(hashed)}
: > "$D.sums"
[ -z "$P" ] || sha256sum -- $P > "$D.sums" 2>/dev/null
C=/dev/null; [ ! -f ${DIGEST_CACHE} ] || C=${DIGEST_CACHE}
printf '%s\n' ${words(roles)} > "$D.roles"
${wholly === '' ? 'set --' : wholly}
for f in "$@"; do shift; [ ! -f "$f" ] || [ ! -r "$f" ] || set -- "$@" "$f"; done
awk -v d="$D." -v nonce="$N" '${ASSORT}' part=cache "$C" part=sums "$D.sums" part=stat "$D.stat" part=roles "$D.roles" part=lines "$@"
P=; [ ! -f "$D.unknown" ] || while read -r f; do P="$P $f"; done < "$D.unknown"
sha256sum -- "$D".[rs].[0-9]* $P 2>/dev/null
present ${words(reads('content'))}
contents=$P
[ -z "$P" ] || printf 'contents%s\n' "$P"`.trim();
}

/** What `script` printed: its own lines, and the contents behind them with the paths in their order. */
const parts = oncePer((output: Buffer) => {
  const marker = /(^|\n)contents( [^\n]*)\n/.exec(output.toString('latin1'));
  return marker === null
    ? { head: output.toString('utf8'), paths: [], contents: Buffer.alloc(0) }
    : {
        head: output.toString('utf8', 0, marker.index),
        paths: (marker[2] ?? '').trim().split(' '),
        contents: output.subarray(marker.index + marker[0].length),
      };
});

/** What `script` found out for units: digests of their inputs by index, running programs by process id. */
export function unitFacts(output: Buffer): {
  readonly revisions: ReadonlyMap<number, string>;
  readonly executables: ReadonlyMap<string, string>;
} {
  const { head } = parts(output);
  return {
    revisions: new Map(
      [...head.matchAll(/^([0-9a-f]{64}) {2}\S*\.r\.(\d+)$/gm)].map(([, sum = '', index]) => [
        Number(index),
        sum,
      ]),
    ),
    executables: new Map(
      [...head.matchAll(/^stat [^|\n]*\|\/proc\/(\d+)\/exe\|.* -> (.*)$/gm)].map(
        ([, pid = '', target = '']) => [pid, target],
      ),
    ),
  };
}

/** Lines of files that were read wholly, each behind its path and a colon. */
export const lines = (output: Buffer): string =>
  [...parts(output).head.matchAll(/^line (.*)$/gm)].map(([, line]) => line).join('\n');

/** The host's clock, in seconds since 1970. */
export function clock(output: Buffer): number {
  const line = new RegExp(
    `^stat (?:[^\\s:]+ ){4}[^:\\n]*:[^:\\n]*:[^:\\n]*:([\\d.]+):\\S* [^|\\n]*\\|/run/k8s-bootstrap[^/|\\n]*[.]${CLOCK}\\|`,
    'm',
  );
  return Number(line.exec(parts(output).head)?.[1] ?? 0);
}

/** What `script` sends for a secret with this content. */
export const saltedDigest = (nonce: string, content: string): string => digest(nonce + digest(content));

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');

/**
 * Paths never hold a space, a quote or `|`: the resource maker refuses them. Sizes are looked at before contents: a file
 * that somebody writes meanwhile would shift the contents of all behind it.
 * @throws E_CHANGING
 */
export function parse(watches: readonly FileWatch[], output: Buffer): Map<string, FileState> {
  const { head, paths, contents } = parts(output);
  const links = new Map<string, string>();
  const sums = new Map<string, string>();
  const states = new Map<string, FileState>(watches.map(({ key }) => [key, { type: 'absent' }]));
  for (const [, sum = '', path = ''] of head.matchAll(/^([0-9a-f]{64}) {2}(\S+)$/gm)) sums.set(path, sum);
  for (const line of head.split('\n')) {
    const [, verb, path = '', rest = ''] = /^(link|sum|secret) ([^|]*)\|(.*)$/.exec(line) ?? [];
    if (verb === 'link') links.set(path, rest);
    // Remembered ones come from a file on the host.
    if (verb === 'sum' && /^[0-9a-f]{64}$/.test(rest)) sums.set(path, rest);
    if (verb === 'secret') sums.set(path, sums.get(rest) ?? '');
  }
  for (const line of head.split('\n')) {
    const [, mode = '', owner = '', group = '', size = '0', kind = '', path = ''] =
      /^stat (\d+) (\S+) (\S+) (\d+) \S+ ([^|]*)\|([^|]*)\|/.exec(line) ?? [];
    if (!states.has(path)) continue;
    const attributes = { mode: mode.padStart(4, '0'), owner, group };
    if (kind === 'directory') states.set(path, { type: 'directory', ...attributes });
    else if (kind === 'symbolic link') states.set(path, { type: 'link', target: links.get(path) ?? '' });
    else if (kind.startsWith('regular')) {
      states.set(path, { type: 'file', ...attributes, size: Number(size), sha256: sums.get(path) ?? '' });
    } else states.set(path, { type: 'other', description: kind });
  }
  let offset = 0;
  for (const path of paths) {
    const state = states.get(path);
    if (state?.type !== 'file') continue;
    states.set(path, { ...state, content: contents.subarray(offset, offset + state.size) });
    offset += state.size;
  }
  if (offset === contents.length) return states;
  throw new BootstrapError('E_CHANGING', `one of ${paths.join(', ')} was written while they were read`, {
    hint: 'Something else changes files of this host at this moment: another run, or somebody. Run it again when that is done.',
  });
}
