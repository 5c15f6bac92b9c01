# Shared by the stand-ins of a rooted host. State lies in $ROOT/state; paths of the host under $ROOT, see rooted-host.ts.
me=${0##*/}

# Strict: what nobody taught a stand-in fails, and fails the test.
violate() {
  printf '%s\n' "$me $*" >> "$ROOT/state/violations"
  echo "stand-in for $me: not taught: $*" >&2
  exit 64
}

# Where an absolute path of the host is on this machine.
here() { case $1 in /*) printf '%s\n' "$ROOT/@${1#/}" ;; *) printf '%s\n' "$1" ;; esac; }
