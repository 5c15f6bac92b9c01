#!/usr/bin/env bash
# Packs Debian's etcd in the layout of an official release archive.
# usage: etcd.sh DESTINATION
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

destination="$1"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

fetch_debs "$work/debs" etcd-server etcd-client
version="v$(upstream_version_of "$work/debs" etcd-server)"
unpack_deb "$work/debs" etcd-server "$work/root"
unpack_deb "$work/debs" etcd-client "$work/root"

name="etcd-$version-linux-amd64"
install -D -t "$work/$name" "$work/root/usr/bin/etcd" "$work/root/usr/bin/etcdctl"
"$work/$name/etcd" --version

release="$destination/mirror/etcd/$version"
mkdir -p "$release"
reproducible_tar -C "$work" -cf - "$name" | gzip -n >"$release/$name.tar.gz"
# Official releases come with one SHA256SUMS; the file of its own is for those who know only the archive.
(cd "$release" && sha256sum "$name.tar.gz" | tee "$name.tar.gz.sha256" >SHA256SUMS)

mkdir -p "$destination/help/etcd-$version"
"$work/$name/etcd" --help >"$destination/help/etcd-$version/etcd.txt" 2>&1
