import { sh } from '../../kernel/quote.ts';

/**
 * Functions of sh for what root does in folders that are not ours, where others may put a link between a look and a step.
 * `into FOLDER` goes there and proves it: the kernel says that it is that path (what a shell remembers is what it was
 * told), and everything above belongs to root and lets nobody else in. A sticky bit does not excuse: root of an NFS
 * client renames what is root's. What follows works on `.`, or on names in a folder of which `root_alone` said yes.
 */
export const INTO = `root_alone() {
  set -- "$1" $(stat -c '%u %a' -- "$1")
  case \${3:-none} in
    none|*[2367]?|*[2367]) ;;
    *) if [ "$2" = 0 ] || [ -O "$1" ]; then return 0; fi ;;
  esac
  echo "others than root may change what is in $1 (mode \${3:-unknown}, owner \${2:-unknown}), and put a link there"
  exit 77
}
into() {
  cd -P -- "$1" || exit 77
  here=$(readlink /proc/self/cwd)
  [ "$here" = "$1" ] || { echo "$1 leads to $here"; exit 77; }
  above=$1
  while [ "$above" != / ]; do
    above=\${above%/*} above=\${above:-/}
    root_alone "$above"
  done
}`;

/**
 * Functions of sh for what is deleted or renamed in a folder of a service's user, who may have put a link in its place or
 * above it. `where_is PATH` follows links as far as all that is above is root's, who has put them there; `inside FOLDER`
 * goes there and proves that no link was on the way. They need `INTO`.
 */
export const BY_ROOT = `where_is() {
  if ( above=$1; while [ "$above" != / ]; do above=\${above%/*} above=\${above:-/}; root_alone "$(readlink -f -- "$above")"; done ) > /dev/null
  then readlink -f -- "$1"
  else printf '%s\n' "$1"
  fi
}
inside() {
  cd -P -- "$1" || exit 77
  here=$(readlink /proc/self/cwd)
  [ "$here" = "$1" ] || { echo "$1 leads to $here"; exit 77; }
}`;

/** Commands that work on `.`, which is the folder and nothing else. */
export const inFolder = (path: string, commands: readonly string[]): string =>
  [sh`( into ${path}`, ...commands, ')'].join('\n');
