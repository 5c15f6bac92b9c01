import { createHash } from 'node:crypto';
import { quote } from '../../kernel/quote.ts';
import type { FileState, Watch } from '../observe.ts';

type FileWatch = Extract<Watch, { kind: 'file' }>;

/** Written by the apply script for big files: `device:inode:size:mtime:ctime sha256` a line. */
export const DIGEST_CACHE = '/var/lib/k8s-bootstrap/digests';
/** What of a file tells that it is still the same, as `stat` prints it; the cache's first column. */
export const DIGEST_KEY = '%d:%i:%s:%.9Y:%.9Z';

/**
 * One `stat`, one `sha256sum`, one `cat` for all files together: forks are what a probe costs.
 * Sizes from `stat` cut the joined contents apart again. `$D` is the probe's own folder.
 *
 * A secret's digest leaves the host salted: what is sent is the digest of nonce and digest.
 */
export function script(watches: readonly FileWatch[]): string {
  if (watches.length === 0) return '';
  const list = (read: FileWatch['read']): string =>
    watches
      .filter((watch) => watch.read === read)
      .map((watch) => quote(watch.key))
      .join(' ');
  return `
present() { P=; for f in "$@"; do if [ -f "$f" ] && [ ! -L "$f" ]; then P="$P $f"; fi; done; }
set -- ${watches.map((watch) => quote(watch.key)).join(' ')}
for f in "$@"; do shift; if [ -e "$f" ] || [ -L "$f" ]; then set -- "$@" "$f"; fi; done
[ $# -eq 0 ] || stat -c 'stat %a %U %G %s %n|%F' -- "$@" 2>/dev/null
for f in "$@"; do [ ! -L "$f" ] || printf 'link %s|%s\\n' "$f" "$(readlink -- "$f")"; done
present ${list('secret')}
if [ -n "$P" ]; then
  mkdir "$D/salted"; i=0
  sha256sum -- $P | while read -r sum f; do
    i=$((i + 1)); printf '%s%s' "$N" "$sum" > "$D/salted/$i"; printf 'secret %s|%s\\n' "$f" "$i"
  done
  (cd "$D/salted" && sha256sum *) | sed 's/^/salted /'
fi
present ${list('digest')}
if [ -n "$P" ]; then
  C=/dev/null; [ ! -f ${DIGEST_CACHE} ] || C=${DIGEST_CACHE}
  stat -c '${DIGEST_KEY} %n' -- $P |
    awk 'FILENAME != "-" { known[$1] = $2; next } { print (($1 in known) ? known[$1] : "?"), $2 }' $C - > "$D/digests"
  M=
  while read -r sum f; do
    if [ "$sum" = "?" ]; then M="$M $f"; else printf 'sum %s|%s\\n' "$f" "$sum"; fi
  done < "$D/digests"
  [ -z "$M" ] || sha256sum -- $M | sed 's/^\\([0-9a-f]*\\)  \\(.*\\)$/sum \\2|\\1/'
fi
present ${list('content')}
if [ -n "$P" ]; then
  sha256sum -- $P | sed 's/^\\([0-9a-f]*\\)  \\(.*\\)$/sum \\2|\\1/'
  printf 'contents%s\\n' "$P"
  cat -- $P
fi`.trim();
}

/** What `script` sends for a secret with this content. */
export const saltedDigest = (nonce: string, content: string): string => digest(nonce + digest(content));

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Paths never hold a space, a quote or `|`: the resource maker refuses them. */
export function parse(watches: readonly FileWatch[], output: Buffer): Map<string, FileState> {
  const marker = /(^|\n)contents( [^\n]*)\n/.exec(output.toString('latin1'));
  const head = (marker ? output.subarray(0, marker.index) : output).toString('utf8');
  const links = new Map<string, string>();
  const sums = new Map<string, string>();
  const states = new Map<string, FileState>(watches.map(({ key }) => [key, { type: 'absent' }]));
  const salted = new Map([...head.matchAll(/^salted (\S+) {2}(\d+)$/gm)].map(([, sum, id]) => [id, sum]));
  for (const line of head.split('\n')) {
    const [, verb, path = '', rest = ''] = /^(link|sum|secret) ([^|]*)\|(.*)$/.exec(line) ?? [];
    if (verb === 'link') links.set(path, rest);
    if (verb === 'sum') sums.set(path, rest);
    if (verb === 'secret') sums.set(path, salted.get(rest) ?? '');
  }
  for (const line of head.split('\n')) {
    const [, mode = '', owner = '', group = '', size = '0', path = '', kind = ''] =
      /^stat (\d+) (\S+) (\S+) (\d+) ([^|]*)\|(.*)$/.exec(line) ?? [];
    if (path === '') continue;
    const attributes = { mode: mode.padStart(4, '0'), owner, group };
    if (kind === 'directory') states.set(path, { type: 'directory', ...attributes });
    else if (kind === 'symbolic link') states.set(path, { type: 'link', target: links.get(path) ?? '' });
    else if (kind.startsWith('regular')) {
      states.set(path, { type: 'file', ...attributes, size: Number(size), sha256: sums.get(path) ?? '' });
    } else states.set(path, { type: 'other', description: kind });
  }
  if (marker) {
    let offset = marker.index + marker[0].length;
    for (const path of (marker[2] ?? '').trim().split(' ')) {
      const state = states.get(path);
      if (state?.type !== 'file') continue;
      states.set(path, { ...state, content: output.subarray(offset, offset + state.size) });
      offset += state.size;
    }
  }
  return states;
}
