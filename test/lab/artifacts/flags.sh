#!/usr/bin/env bash
# Writes which flags each binary has, as data for tests: test/cases/flags/VERSION/BINARY.yaml.
# usage: flags.sh [VERSION]     (default v1.16.3; build.sh must have built it)
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

version="${1:-v1.16.3}"
help="$CACHE/help/$version"
[ -d "$help" ] || die "no help texts of Kubernetes $version in $CACHE: run build.sh first"
cases="$ARTIFACTS_DIR/../../cases/flags/$version"
mkdir -p "$cases"

# Reads a --help text, prints "FLAG deprecated|- -". A flag starts a line, and its text goes on until the next one.
flags_of_help() {
  awk '
    function finish() { if (name != "") print name, (text ~ /DEPRECATED/ ? "deprecated" : "-"), "-" }
    /^ +(-[A-Za-z], )?--[a-z]/ {
      finish()
      text = $0
      name = $0
      sub(/^ +(-[A-Za-z], )?--/, "", name)
      sub(/[^A-Za-z0-9_-].*/, "", name)
      next
    }
    /^[^ \t]/ { finish(); name = "" }
    { text = text " " $0 }
    END { finish() }
  ' "$1"
}

# Flags that a help text leaves out. (Of the visible ones the help text is the better witness:
# the list was made by a program that links all binaries, and so has each one's global flags.)
hidden_flags() { awk -v binary="$1" '$1 == binary && $4 == "hidden" { print $2, $3, $4 }' "$help/flags.txt"; }

to_yaml() {
  echo "# Made by test/lab/artifacts/flags.sh from the real binary. A hidden flag works, but is not in its help text."
  LC_ALL=C sort -u | awk '
    { print "- name: " $1 }
    $2 == "deprecated" { print "  deprecated: true" }
    $3 == "hidden" { print "  hidden: true" }
  '
}

for binary in kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy kubectl; do
  { flags_of_help "$help/$binary.txt" && hidden_flags "$binary"; } | to_yaml >"$cases/$binary.yaml"
done
flags_of_help "$(find "$CACHE/help/" -path '*/etcd-*/etcd.txt' -print -quit)" | to_yaml >"$cases/etcd.yaml"
say "wrote $(find "$cases" -name '*.yaml' | wc -l) lists of flags"
