import { unitIn } from '../../kernel/host-paths.ts';
import { quote, sh } from '../../kernel/quote.ts';
import type { Attributes, FetchFile, SetAttributes, WriteFile } from '../step.ts';

/** Files from here on are not hashed again at every probe. */
const BIG = 1024 * 1024;

/** How the content of a step comes: behind others on one stream, or as a file of its own; on descriptor 3. */
export type Brought = 'in a stream' | 'as a file';

/** The new file stands complete, checked and with its rights in a folder of its own before it takes the name. */
const install = (path: string, digestWord: string, wanted: Attributes, bring: string, big: boolean): string =>
  `
new_file ${quote(folderOf(path))}
${bring}
take_place ${quote(path)} ${digestWord} ${rightsOf(wanted)}${big ? remember(path, digestWord) : ''}`.trim();

/** The folder that a path is in. */
export const folderOf = (path: string): string => path.slice(0, path.lastIndexOf('/')) || '/';

/** Content from descriptor 3 to its place. One that is known by its size and digest has to be whole. */
export function write({ path, content, attributes: wanted, check }: WriteFile, brought: Brought): string {
  const isKnown = brought === 'in a stream' || content.file !== undefined;
  return install(
    path,
    isKnown ? quote(content.sha256) : '"$(digest_of "$t")"',
    wanted,
    [
      ...(isKnown
        ? [sh`head -c ${content.size} <&3 > "$t"`, sh`has_digest "$t" ${content.sha256} ${path}`]
        : ['cat <&3 > "$t"']),
      ...(check === undefined ? [] : [`set -- "$t"\n${check}`]),
    ].join('\n'),
    content.size >= BIG,
  );
}

/**
 * Of an archive only the one member is unpacked, by name and to stdout: nothing else in it can do harm. curl reads the
 * address from stdin: one with a password would be in its arguments, for everybody on the host to see. No address, as
 * URL writes it, has what would end a quoted word there.
 */
export const fetch = ({ path, urls, sha256, member, attributes: wanted }: FetchFile): string =>
  install(
    path,
    member === undefined ? quote(sha256) : '"$digest"',
    wanted,
    [
      'got=',
      `for u in ${urls.map(quote).join(' ')}; do`,
      `  if printf 'url = "%s"\\n' "$u" | curl -K - -fsSL --connect-timeout 10 --retry 2 -o "$t.archive"; then got=$u; break; fi`,
      'done',
      `[ -n "$got" ] || { echo "none of the sources has "${quote(path)}; exit 66; }`,
      sh`has_digest "$t.archive" ${sha256} ${path}`,
      member === undefined ? 'mv -f -- "$t.archive" "$t"' : unpack(member),
      ...(member === undefined ? [] : ['digest=$(digest_of "$t")']),
    ].join('\n'),
    true,
  );

export const setAttributes = ({ path, attributes: wanted, sha256 }: SetAttributes): string =>
  `root_only ${quote(folderOf(path))}
rights ${quote(path)} ${rightsOf(wanted)}${sha256 === undefined ? '' : remember(path, quote(sha256))}`;

/** Archives are packed with and without a leading `./`. */
const unpack = (member: string): string =>
  `tar -xzOf "$t.archive" ${quote(member)} > "$t" 2>/dev/null || tar -xzOf "$t.archive" ${quote(`./${member}`)} > "$t"`;

const remember = (path: string, digestWord: string): string => `\nremember ${quote(path)} ${digestWord}`;

/** Words for `rights` and `take_place`. */
export const rightsOf = ({ mode, owner, group }: Attributes): string =>
  `${quote(`${owner}:${group}`)} ${quote(mode)}`;

/** What somebody has changed since is left alone and stays in the manifest: the next plan names it again. */
export function prune(path: string): string {
  const unit = unitIn(path);
  const stop =
    unit === undefined
      ? ''
      : `systemctl stop -- ${quote(unit)} || :\n      systemctl disable -- ${quote(unit)} || :`;
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
${unit === undefined ? '' : 'systemctl daemon-reload'}
${path.endsWith('.exports') ? 'exportfs -r' : ''}`.trim();
}
