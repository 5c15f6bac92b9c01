#!/usr/bin/env bash
# Builds flanneld from its Go module and packs it in the layout of an official release archive.
# usage: flannel.sh DESTINATION VERSION
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

destination="$1"
version="$2"
module=github.com/flannel-io/flannel
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

go_module_source "$module@$version" "$work/source"
(
  cd "$work/source"
  # Backends that nobody here uses: one needs a cloud's own modules, the other a C compiler.
  for backend in tencentvpc udp; do
    grep -q "backend/$backend\"" main.go || die "flannel has no backend $backend any more"
    sed -i "/backend\/$backend\"/d" main.go
  done
  CGO_ENABLED=0 go build -ldflags "-s -w -X $module/pkg/version.Version=$version" -o "$work/flanneld" .
)

release="$destination/mirror/flannel/$version"
archive="flannel-$version-linux-amd64.tar.gz"
mkdir -p "$release" "$destination/help/flannel-$version"
# It has no --help that ends well: the list of flags comes with code 2.
"$work/flanneld" --help >"$destination/help/flannel-$version/flanneld.txt" 2>&1 || true
reproducible_tar -C "$work" -cf - flanneld | gzip -n >"$release/$archive"
(cd "$release" && sha256sum "$archive" >"$archive.sha256")
