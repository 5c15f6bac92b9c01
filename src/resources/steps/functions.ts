import { DIGEST_CACHE, DIGEST_KEY } from '../../probe/probers/files.ts';
import { BEFORE_FUNCTIONS } from './before.ts';
import { INTO } from './into.ts';

/** Where a host keeps what this program has to know of it. */
export const STATE = '/var/lib/k8s-bootstrap';

/**
 * Functions of sh that the steps share. `own` writes the manifest line, of the phase in `$phase`, and keeps the original
 * of a file that was there before us, ahead of the change itself; another one that was put there later is kept beside it, with a number.
 * `new_file FOLDER` gives a place, `$t`, for a new file beside the old one, `take_place PATH DIGEST OWNER MODE` its rights
 * and the name to it, by rename: a running binary is not "text busy", and a crash leaves old or new;
 * `into` is the way to folders that are not ours (`into.ts`), `was` writes down what was before (`before.ts`).
 * What is renamed is on the disk before, and its name after (`durable`): a power cut leaves the old or the new, and no
 * file that the manifest does not name.
 */
export const FUNCTIONS = `
# Waits until a file, or the names in a folder, are on the disk.
durable() { [ -L "$1" ] || dd if=/dev/null of="$1" conv=notrunc,fsync 2>/dev/null; }
# Ends the step where somebody else than root may put a link in the folder.
root_only() { [ -O "$1" ] || { echo "$1 belongs to another than root, who could have put a link there; nothing is written in it"; exit 77; }; }
${INTO}
# A folder in which something has its place, and all above it; who runs below it has to get through.
passage() {
  makes "$1"
  umask 022
  mkdir -p -- "$1"
  umask 077
}
# A place for a new file beside the old one: $t.
new_file() {
  passage "$1"
  stage "$1"
}
stage() {
  root_only "$1"
  # Of a step that a power cut ended: there may be a key in it.
  for o in "$1"/.k8s-bootstrap.??????; do [ ! -d "$o" ] || rm -rf -- "$o"; done
  d=$(mktemp -d "$1/.k8s-bootstrap.XXXXXX")
  trap 'rm -rf -- "$d"' EXIT
  t=$d/new
}
# Gives a file its name: the old one is there until the new one is.
put() { durable "$1"; mv -fT -- "$1" "$2"; durable "$2"; }
# The manifest without a path.
others() {
  if [ -e $S/manifest ] && [ ! -s $S/manifest ]; then echo "$S/manifest is empty" >&2; exit 78; fi
  [ ! -e $S/manifest ] || grep -vF "	$1	" $S/manifest || [ $? -eq 1 ]
}
# What was there before us is kept, below originals/.
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
# own PATH WHAT: written into the manifest ahead of the change, by digest or as directory, link or removed.
own() {
  line=$(printf '%s\\t%s\\t%s' "$2" "$1" "$phase")
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
# has_digest FILE DIGEST NAME: a file that did not come whole is left out.
has_digest() {
  sum=$(sha256sum < "$1"); sum=\${sum%% *}
  if [ "$sum" != "$2" ]; then
    echo "checksum of $3 is $sum after the transfer of $(stat -c %s -- "$1") bytes, wanted is $2"
    exit 65
  fi
}
digest_of() { sum=$(sha256sum < "$1"); echo "\${sum%% *}"; }
# rights PATH OWNER:GROUP MODE
rights() {
  chown -- "$2" "$1"
  chmod -- "$3" "$1"
}
# folder PATH OWNER:GROUP MODE
folder() {
  o=\${1%/*}
  passage "\${o:-/}"
  [ ! -d "$1" ] || grep -qsF "	$1	" $S/manifest || was folder "$1" "$(stat -c '%a %U:%G' -- "$1")"
  own "$1" directory
  mkdir -p -- "$1"
  rights "$1" "$2" "$3"
  label "$1"
}
# take_place PATH DIGEST OWNER:GROUP MODE: the new file gets its rights and its name.
take_place() {
  rights "$t" "$3" "$4"
  own "$1" "$2"
  put "$t" "$1"
  label "$1"
}
# remember PATH DIGEST: of a big file, so that it is not read again at each look.
remember() {
  { grep -v " $1$" ${DIGEST_CACHE} 2>/dev/null || :; stat -c "${DIGEST_KEY} $2 %n" -- "$1"; } > ${DIGEST_CACHE}.new
  mv -f ${DIGEST_CACHE}.new ${DIGEST_CACHE}
}
# SELinux knows what a file is for by its path.
label() { if command -v restorecon >/dev/null 2>&1; then restorecon -F -- "$1" || :; fi; }
${BEFORE_FUNCTIONS}`.trim();
