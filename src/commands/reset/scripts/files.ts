import type { PackageManager } from '../../../facts/facts.ts';
import { quote } from '../../../kernel/quote.ts';
import { INSTALLED } from '../../../resources/steps/packages.ts';

/** What stays on a host although a reset was to take it away, a sentence a line; told at the end. */
export const LEFT = '$S/left';

/** Functions that the scripts of a reset share. */
export const LEAVING = `left() { grep -qsxF -- "$1" ${LEFT} || printf '%s\\n' "$1" >> ${LEFT}; }`;

/**
 * Takes away all that the manifest names, files before the folders they are in, and puts originals back. A file that
 * somebody has changed since, and that is no secret, is kept under `changed`; a folder in which something else lies stays.
 * Originals and the manifest go when all is as it was: a run that is cut short is done again.
 */
export const withoutFiles = `${LEAVING}
seen_before() { awk -F '\\t' -v k="$1" -v p="$2" '$1 == k && $2 == p { print $3 }' $S/before 2>/dev/null; }
of_others() {
  sum=$(sha256sum < "$1")
  [ "\${sum%% *}" != "$2" ] && [ -n "$(find "$1" -perm /044)" ]
}
back() {
  o=$S/originals$1
  case $2 in
    directory)
      rights=$(seen_before folder "$1")
      if [ ! -d "$1" ] || [ -L "$1" ]; then :
      elif [ -n "$rights" ]; then
        above=\${1%/*}
        if (root_only "\${above:-/}") > /dev/null; then
          chown -- "\${rights#* }" "$1" 2>/dev/null || left "$1 is not $rights any more"
          chmod -- "\${rights%% *}" "$1"
        else
          left "$1 is in a folder that is not root's: it keeps its rights, which were $rights"
        fi
      else
        rmdir -- "$1" 2>/dev/null || left "$1 is not empty"
      fi ;;
    link) [ ! -L "$1" ] || rm -f -- "$1" ;;
    removed) ;;
    *)
      if { [ -e "$o" ] || [ -L "$o" ]; } && [ -f "$1" ] && cmp -s -- "$o" "$1"; then :
      elif [ -L "$1" ] || [ -d "$1" ]; then left "$1 is not the file that was written there"
      else
        if [ -f "$1" ] && of_others "$1" "$2"; then
          mkdir -p "$S/changed\${1%/*}"
          cp -a -- "$1" "$S/changed$1"
          left "$1 was changed by somebody: kept as $S/changed$1"
        fi
        rm -f -- "$1"
        if [ -e "$o" ] || [ -L "$o" ]; then
          cp -a -- "$o" "$o.new"
          put "$o.new" "$1"
          label "$1"
        fi
      fi ;;
  esac
}
entries() { [ ! -e $S/manifest ] || sort -t '	' -k 2,2r $S/manifest; }
entries | while IFS='	' read -r written path _; do
  case $path in $S | $S/*) ;; *) back "$path" "$written" ;; esac
done
entries | while IFS='	' read -r written path _; do
  case $written in removed | directory) continue ;; esac
  [ -L "$path" ] || [ -d "$path" ] || rm -f -- "$S/originals$path"
done
rm -f -- $S/manifest`;

/**
 * Files of the system's that were edited in place: the original, where nobody else has changed them since our last edit;
 * what they were then is kept under `changed`. Of /etc/hosts our block goes, and the rest stays.
 */
export const withoutEdits = (edited: readonly { readonly path: string; readonly sum: string }[]): string =>
  `${LEAVING}
unedited() {
  o=$S/originals$1
  [ -f "$1" ] || return 0
  sum=$(sha256sum < "$1")
  if [ -e "$o" ] && cmp -s -- "$o" "$1"; then :
  elif [ "$1" = /etc/hosts ] && grep -q '^# END k8s-bootstrap' "$1"; then
    t=$(mktemp "$1.XXXXXX")
    cp -p -- "$1" "$t"
    sed '/^# BEGIN k8s-bootstrap/,/^# END k8s-bootstrap/d' "$1" > "$t"
    put "$t" "$1"
    label "$1"
  elif [ "\${sum%% *}" = "$2" ]; then
    if [ -e "$o" ]; then
      # Lines of others may have come before our last edit, which the sum is of.
      mkdir -p "$S/changed\${1%/*}"
      cp -a -- "$1" "$S/changed$1"
      cp -a -- "$o" "$o.new"
      put "$o.new" "$1"
      label "$1"
    else
      rm -f -- "$1"
    fi
  else
    kept=stays
    [ ! -e "$o" ] || kept="what it was is in $o"
    left "$1 was edited by somebody since: $kept"
    return 0
  fi
  rm -f -- "$o"
}
${edited.map(({ path, sum }) => `unedited ${quote(path)} ${quote(sum)}`).join('\n')}`;

/** What was set aside and is in nobody's way now is where it was; folders that were made for files go when they are empty. */
export const withoutTraces = (made: readonly string[]): string =>
  `${LEAVING}
[ ! -d $S/originals ] || find $S/originals ! -type d | while IFS= read -r o; do
  p=\${o#"$S/originals"}
  case $p in *.new | *.[0-9]) continue ;; esac
  if [ -e "$p" ] || [ -L "$p" ]; then continue; fi
  mkdir -p -- "\${p%/*}"
  mv -- "$o" "$p"
  label "$p"
done
for d in ${made.map(quote).join(' ')}; do [ ! -d "$d" ] || rmdir -- "$d" 2>/dev/null || :; done
[ ! -d $S/originals ] || find $S/originals -depth -type d -empty -delete
[ ! -d $S/originals ] || left "what was there before, and could not be put back, is in $S/originals"`;

/**
 * The last step: it takes the lock's own file away as well. What could not be put back is kept, and of what was installed
 * here that which still is: another reset may be asked to remove it, and no other record tells it from the system's own.
 */
export const forget = (manager: PackageManager, packages: readonly string[]): string => `
${
  packages.length === 0
    ? ': > $S/before.new'
    : `{ ${INSTALLED[manager]} | grep -xF ${packages.map((name) => `-e ${quote(name)}`).join(' ')} || :; } | sort -u | sed 's/.*/package\\t&\\t-/' > $S/before.new`
}
if [ -s $S/before.new ]; then put $S/before.new $S/before; else rm -f -- $S/before; fi
find $S -mindepth 1 -maxdepth 1 ! -name originals ! -name changed ! -name before -exec rm -rf -- {} +
find $S -depth -mindepth 1 -type d -empty -delete
rmdir -- $S 2>/dev/null || :`;
