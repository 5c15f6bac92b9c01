#!/usr/bin/env bash
# Builds Kubernetes from its Go module, in the layout of the official download site.
# usage: kubernetes.sh DESTINATION VERSION
#
# The module's source is copied, made buildable outside its repository, and built as the main
# module, so that upstream's own list of exact dependency versions holds.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

destination="$1"
version="$2"
commands=(kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy kubectl kubeadm)
staging="$ARTIFACTS_DIR/kubernetes/$version.txt"
[ -f "$staging" ] || die "kubernetes/$version.txt is missing: the versions of the staging repositories"

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

# In the repository the staging modules are folders beside the main one; published they are modules of their own.
use_published_staging_modules() {
  awk '
    NR == FNR { version[$1] = $2; next }
    $3 ~ /^\.\/staging\// {
      name = $1
      sub("k8s.io/", "", name)
      # Samples have no published version here, and no command imports them.
      if (name in version) print "\t" $1 " => " $1 " " version[name]
      next
    }
    { print }
  ' <(data_lines "$staging") go.mod >go.mod.new
  mv go.mod.new go.mod
}

use_replacements() {
  local module replacement replacement_version
  while read -r module replacement replacement_version; do
    go mod edit -replace "$module=$replacement@$replacement_version"
  done < <(data_lines "$ARTIFACTS_DIR/kubernetes/replacements.txt")
}

# The API server's OpenAPI definitions are generated code, which upstream does not publish.
# Input is every package of the API server that carries the generator's tag.
generate_openapi() {
  local packages
  # The directory comes first, to be searched; the import path is what the generator asks for.
  packages="$(
    go list -deps -f '{{if not .Standard}}{{.Dir}} {{.ImportPath}}{{end}}' ./cmd/kube-apiserver |
      while read -r folder package; do
        if grep -qs '+k8s:openapi-gen=true' "$folder"/*.go; then echo "$package"; fi
      done | paste -sd,
  )"
  [ -n "$packages" ] || die "no package asks for OpenAPI definitions"
  go build -o "$work/openapi-gen" k8s.io/kube-openapi/cmd/openapi-gen
  "$work/openapi-gen" --logtostderr \
    --input-dirs "$packages" \
    --output-base "$work/generated" \
    --output-package k8s.io/kubernetes/pkg/generated/openapi \
    --output-file-base zz_generated.openapi \
    --go-header-file /dev/null \
    --report-filename "$work/openapi-violations.txt"
  cp "$work/generated/k8s.io/kubernetes/pkg/generated/openapi/zz_generated.openapi.go" pkg/generated/openapi/
}

# Every binary reads its version from another package's variables.
version_flags() {
  local package minor="${version#v*.}"
  for package in \
    k8s.io/component-base/version \
    k8s.io/kubernetes/pkg/version \
    k8s.io/client-go/pkg/version \
    k8s.io/kubectl/pkg/version \
    k8s.io/kubernetes/cmd/kubeadm/app/version; do
    printf ' -X %s.gitVersion=%s -X %s.gitMajor=1 -X %s.gitMinor=%s' \
      "$package" "$version" "$package" "$package" "${minor%%.*}"
  done
}

go_module_source "k8s.io/kubernetes@$version" "$work/source"
cd "$work/source"
# The vendor folder comes without its packages and would stop the build.
rm -rf vendor
use_published_staging_modules
use_replacements
generate_openapi

mkdir -p "$work/bin" cmd/lab-flags
cp "$ARTIFACTS_DIR/kubernetes/flags/main.go" cmd/lab-flags/
# One run for all, with cgo for all because the kubelet needs it: packages are compiled once, not twice.
CGO_ENABLED=1 go build -ldflags "-s -w$(version_flags)" -o "$work/bin/" "${commands[@]/#/./cmd/}" ./cmd/lab-flags

release="$destination/mirror/release/$version/bin/linux/amd64"
help="$destination/help/$version"
mkdir -p "$release" "$help"
for command in "${commands[@]}"; do
  mv "$work/bin/$command" "$release/$command"
  sha256_of "$release/$command" | tr -d '\n' >"$release/$command.sha256"
  "$release/$command" --help >"$help/$command.txt" 2>&1
done
"$release/kubectl" options >>"$help/kubectl.txt" 2>&1

for command in "${commands[@]}"; do
  [ "$command" = kubeadm ] || "$work/bin/lab-flags" "$command"
done >"$help/flags.txt"
