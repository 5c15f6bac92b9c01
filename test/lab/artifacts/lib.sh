# Shared by the scripts of this folder: sourced, never run.
# shellcheck shell=bash
# shellcheck disable=SC2034  # the variables are for the scripts that source this

ARTIFACTS_DIR="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
CACHE="${K8SB_LAB_CACHE:-/var/cache/k8s-bootstrap-lab}"

say() { printf '[artifacts] %s\n' "$*"; }

die() {
  printf '[artifacts] error: %s\n' "$*" >&2
  exit 1
}

# Prints the lines of a data file without comments and empty lines.
data_lines() { sed -e 's/[[:space:]]*#.*//' -e '/^[[:space:]]*$/d' "$1"; }

# Waits for the lock instead of failing: other installs may run on the same machine.
apt_get() { DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 "$@"; }

# Package lists may be missing on a fresh machine, and an update costs seconds, so only then.
ensure_package_lists() {
  apt-cache show "$1" >/dev/null 2>&1 || apt_get update
}

# fetch_debs FOLDER PACKAGE... downloads Debian packages without installing them.
# The caller removes FOLDER. The sandbox user cannot read a private temporary folder.
fetch_debs() {
  local folder="$1"
  shift
  mkdir -p "$folder"
  ensure_package_lists "$1"
  (cd "$folder" && apt_get -o APT::Sandbox::User=root download "$@")
}

# unpack_deb FOLDER_OF_DEBS PACKAGE DESTINATION
unpack_deb() {
  local deb
  deb="$(find "$1" -name "${2}_*.deb" -print -quit)"
  [ -n "$deb" ] || die "package $2 was not downloaded"
  dpkg-deb --extract "$deb" "$3"
}

# upstream_version_of FOLDER_OF_DEBS PACKAGE prints 3.4.23 for 3.4.23-4+b4 or 1:3.4.23+dfsg-4.
upstream_version_of() {
  local deb version
  deb="$(find "$1" -name "${2}_*.deb" -print -quit)"
  version="$(dpkg-deb --field "$deb" Version)"
  version="${version#*:}"
  printf '%s\n' "$version" | sed 's/[-+~].*//'
}

# go_module_source MODULE@VERSION FOLDER copies a module's source to where it may be changed:
# the module cache is read-only and shared.
go_module_source() {
  local source
  source="$(go mod download -json "$1" | sed -n 's/^[[:space:]]*"Dir": "\(.*\)",$/\1/p')"
  [ -d "$source" ] || die "no source for $1"
  cp -r --no-preserve=mode "$source" "$2"
}

# The same input must give the same bytes, or every rebuild would look like a new release.
reproducible_tar() { tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner "$@"; }

sha256_of() { sha256sum "$1" | cut -d' ' -f1; }

export GOTOOLCHAIN=local
export GOFLAGS="-mod=mod -trimpath -buildvcs=false"
