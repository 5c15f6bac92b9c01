import { quote, sh } from '../../kernel/quote.ts';
import { DIGEST_CACHE, DIGEST_KEY } from '../../probe/probers/files.ts';
import type { Attributes, FetchFile, SetAttributes, WriteFile } from '../step.ts';

/** Files from here on are not hashed again at every probe. */
const BIG = 1024 * 1024;

/**
 * The new file stands complete, checked and with its rights in a folder of its own beside the old one before it takes
 * the name by rename: a running binary is not "text busy", and a crash leaves old or new.
 */
const install = (path: string, digestWord: string, wanted: Attributes, bring: string, big: boolean): string =>
  `
mkdir -p -- ${quote(folderOf(path))}
stage ${quote(folderOf(path))}
${bring}
${attributes('"$t"', wanted)}
own ${quote(path)} ${digestWord}
put "$t" ${quote(path)}
label ${quote(path)}${big ? remember(path, digestWord) : ''}`.trim();

/** The folder that a path is in. */
export const folderOf = (path: string): string => path.slice(0, path.lastIndexOf('/')) || '/';

const checksum = (
  file: string,
  digest: string,
  path: string,
): string => `sum=$(sha256sum < ${file}); sum=\${sum%% *}
if [ "$sum" != ${quote(digest)} ]; then
  echo "checksum of "${quote(path)}" is $sum after the transfer of $(stat -c %s -- ${file}) bytes, wanted is "${quote(digest)}
  exit 65
fi`;

/** Content from descriptor 3 to its place. */
export const write = ({ path, content, attributes: wanted, check }: WriteFile): string =>
  install(
    path,
    quote(content.sha256),
    wanted,
    [
      sh`head -c ${content.size} <&3 > "$t"`,
      checksum('"$t"', content.sha256, path),
      ...(check === undefined ? [] : [`set -- "$t"\n${check}`]),
    ].join('\n'),
    content.size >= BIG,
  );

/** Of an archive only the one member is unpacked, by name and to stdout: nothing else in it can do harm. */
export const fetch = ({ path, urls, sha256, member, attributes: wanted }: FetchFile): string =>
  install(
    path,
    member === undefined ? quote(sha256) : '"$digest"',
    wanted,
    [
      'got=',
      `for u in ${urls.map(quote).join(' ')}; do`,
      `  if curl -fsSL --connect-timeout 10 --retry 2 -o "$t.archive" "$u"; then got=$u; break; fi`,
      'done',
      `[ -n "$got" ] || { echo "none of the sources has "${quote(path)}; exit 66; }`,
      checksum('"$t.archive"', sha256, path),
      member === undefined ? 'mv -f -- "$t.archive" "$t"' : unpack(member),
      'digest=$(sha256sum < "$t"); digest=${digest%% *}',
    ].join('\n'),
    true,
  );

export const setAttributes = ({ path, attributes: wanted, sha256 }: SetAttributes): string =>
  `root_only ${quote(folderOf(path))}
${attributes(quote(path), wanted)}${sha256 === undefined ? '' : remember(path, quote(sha256))}`;

/** Archives are packed with and without a leading `./`. */
const unpack = (member: string): string =>
  `tar -xzOf "$t.archive" ${quote(member)} > "$t" 2>/dev/null || tar -xzOf "$t.archive" ${quote(`./${member}`)} > "$t"`;

const remember = (path: string, digestWord: string): string => `
{ grep -v ${quote(` ${path}$`)} ${DIGEST_CACHE} 2>/dev/null || :; stat -c '${DIGEST_KEY} '${digestWord}' %n' -- ${quote(path)}; } > ${DIGEST_CACHE}.new
mv -f ${DIGEST_CACHE}.new ${DIGEST_CACHE}`;

export const attributes = (path: string, { mode, owner, group }: Attributes): string =>
  `chown -- ${quote(`${owner}:${group}`)} ${path}\nchmod -- ${quote(mode)} ${path}`;

/** What somebody has changed since is left alone and stays in the manifest: the next plan names it again. */
export function prune(path: string): string {
  const unit = /^\/etc\/systemd\/system\/([^/]+\.service)$/.exec(path)?.[1];
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
