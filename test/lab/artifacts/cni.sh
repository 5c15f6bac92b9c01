#!/usr/bin/env bash
# Builds the CNI plugins and packs them in the layout of an official release archive.
# usage: cni.sh DESTINATION VERSION
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

destination="$1"
version="$2"
module=github.com/containernetworking/plugins
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

go_module_source "$module@$version" "$work/source"
# A vendor folder without the vendored packages would stop the build.
rm -rf "$work/source/vendor"
mkdir "$work/bin"
(
  cd "$work/source"
  # Only folders with a main package of a plugin: tests and the Windows plugins stay out.
  packages="$(go list -f '{{if eq .Name "main"}}{{.ImportPath}}{{end}}' ./plugins/ipam/... ./plugins/main/... ./plugins/meta/... | grep -v windows)"
  # shellcheck disable=SC2086  # one word for each package
  CGO_ENABLED=0 go build -ldflags "-s -w -X $module/pkg/utils/buildversion.BuildVersion=$version" -o "$work/bin/" $packages
)
for plugin in bridge host-local loopback portmap; do
  [ -x "$work/bin/$plugin" ] || die "plugin $plugin is missing"
done

release="$destination/mirror/cni/$version"
archive="cni-plugins-linux-amd64-$version.tgz"
mkdir -p "$release"
reproducible_tar -C "$work/bin" -cf - . | gzip -n >"$release/$archive"
(cd "$release" && sha256sum "$archive" >"$archive.sha256")
