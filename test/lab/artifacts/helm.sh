#!/usr/bin/env bash
# Builds the helm client from its Go module and packs it in the layout of an official release archive.
# usage: helm.sh DESTINATION VERSION
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

destination="$1"
version="$2"
module=helm.sh/helm/v3
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

go_module_source "$module@$version" "$work/source"
mkdir "$work/linux-amd64"
(
  cd "$work/source"
  # It is built with the libraries of Kubernetes 1.18, which ask for the same.
  while read -r old replacement replacement_version; do
    go mod edit -replace "$old=$replacement@$replacement_version"
  done < <(data_lines "$ARTIFACTS_DIR/kubernetes/replacements.txt")
  CGO_ENABLED=0 go build -ldflags "-s -w -X $module/internal/version.version=$version" \
    -o "$work/linux-amd64/helm" ./cmd/helm
)
"$work/linux-amd64/helm" version --short

release="$destination/mirror/helm/$version"
archive="helm-$version-linux-amd64.tar.gz"
mkdir -p "$release"
reproducible_tar -C "$work" -cf - linux-amd64 | gzip -n >"$release/$archive"
(cd "$release" && sha256sum "$archive" >"$archive.sha256")
