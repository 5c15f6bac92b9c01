import { quote } from '../../../kernel/quote.ts';
import { escapedForMounts } from '../etab.ts';

/**
 * A step that deletes a folder with all that is in it, or says why not. A link is not followed, also not one above it,
 * and nothing goes that is on another file system, or under a mount, or below a folder that others may change.
 */
export const deleteScript = (path: string): string => `P=${quote(path)}
E=${quote(escapedForMounts(path))}
no() { printf '%s\\n' "$1"; exit 1; }
[ ! -L "$P" ] || no 'it is a link'
[ -d "$P" ] || no 'there is no such folder'
why=$(into "$P") || no "$why"
while read -r _ at _; do
  case $at in "$E"|"$E"/*) no "$at is a mount point" ;; esac
done </proc/mounts
above=\${P%/*}
into "\${above:-/}"
root_alone .
rm -rf --one-file-system -- "./\${P##*/}"
[ ! -e "$P" ] || no 'something is left of it'`;
