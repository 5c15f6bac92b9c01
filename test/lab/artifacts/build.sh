#!/usr/bin/env bash
# Builds everything that the lab serves: Kubernetes, etcd, CNI plugins, flannel, helm, container images and a yum
# repository.
# usage: build.sh
#
# Results go to $K8SB_LAB_CACHE (default /var/cache/k8s-bootstrap-lab), outside the checkout:
#   mirror/     what serve.sh offers over HTTP, in the layout of the official download sites
#   registry/   the storage of the image registry, and bin/ the registry itself
#   help/       what the binaries print for --help
#   pieces/     one folder for each build, named by the hash of its recipe: the four above are made of these
#   logs/       one log for each build
# $K8SB_LAB_KUBERNETES lists the versions of Kubernetes (default v1.16.3); kubernetes/ has a file for each possible one.
# With $K8SB_LAB_ADDONS there are the images of add-ons prometheus and ingress-nginx, too, which take some minutes.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

read -r -a kubernetes_versions <<<"${K8SB_LAB_KUBERNETES:-v1.16.3}"
cni_version=v1.2.0
flannel_version=v0.28.10
helm_version=v3.2.4
unused_days=14

install_prerequisites() {
  local missing=() package
  while read -r package; do
    [ "$(dpkg-query -Wf '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
  done < <(data_lines "$ARTIFACTS_DIR/apt-packages.txt")
  [ "${#missing[@]}" -eq 0 ] && return
  say "installing ${missing[*]}"
  {
    ensure_package_lists "${missing[0]}"
    apt_get install -y --no-install-recommends "${missing[@]}"
  } >"$CACHE/logs/apt.log" 2>&1 || die "apt-get failed, see $CACHE/logs/apt.log"
}

# recipe_hash SCRIPT ARGUMENT -- FILE... : everything that decides what a build gives.
recipe_hash() {
  {
    printf '%s\n' "$1" "$2" "$go_version"
    shift 3
    cd "$ARTIFACTS_DIR"
    find "$@" -type f -print0 | sort -z | xargs -0 sha256sum
  } | sha256sum | cut -c1-12
}

# folder_of NAME SCRIPT ARGUMENT FILE... : where a piece is. A folder of that name is complete: it is built under another
# name and renamed.
folder_of() {
  local name="$1" script="$2" argument="$3"
  shift 3
  printf '%s\n' "$CACHE/pieces/$name-$(recipe_hash "$script" "$argument" -- lib.sh "$script" "$@")"
}

# piece NAME SCRIPT ARGUMENT FILE... builds pieces/NAME-HASH by `SCRIPT FOLDER ARGUMENT`, unless it is there.
piece() {
  local name="$1" script="$2" argument="$3" folder log started
  folder="$(folder_of "$@")"
  pieces+=("$folder")
  if [ -d "$folder" ]; then
    touch "$folder"
    return
  fi
  log="$CACHE/logs/$name.log"
  started="$SECONDS"
  say "building $name (log: $log)"
  rm -rf "$folder.part"
  mkdir "$folder.part"
  if ! "$ARTIFACTS_DIR/$script" "$folder.part" "$argument" >"$log" 2>&1; then
    rm -rf "$folder.part"
    tail -n 15 "$log" >&2
    die "$name failed, see $log"
  fi
  mv "$folder.part" "$folder"
  say "built $name in $((SECONDS - started)) s"
}

# In the form of the inventory's artifacts.checksums: paths as on the mirror, quoted hashes (one may be all digits).
write_checksums() {
  (
    cd "$1"
    echo "# Made by test/lab/artifacts/build.sh: the lab's own builds, by their path on the mirror."
    find release etcd cni flannel helm -type f ! -name '*.sha256' ! -name SHA256SUMS -print0 | sort -z |
      xargs -0 sha256sum | sed -E 's|^([0-9a-f]{64})  (.*)$|\2: "\1"|'
  ) >"$1/SHA256SUMS.yaml"
}

# Joins all pieces, by hard links, and points the names that others use at the result. One rename each:
# a running server sees the old or the new, never a half.
publish() {
  local key folder name
  key="$(printf '%s\n' "${pieces[@]##*/}" "$(sha256sum "$0")" | sha256sum | cut -c1-12)"
  folder="$CACHE/served/$key"
  if [ ! -d "$folder" ]; then
    rm -rf "$folder.part"
    mkdir "$folder.part"
    for name in "${pieces[@]}"; do cp -al "$name/." "$folder.part/"; done
    write_checksums "$folder.part/mirror"
    mv "$folder.part" "$folder"
  fi
  touch "$folder"
  for name in mirror registry bin help; do
    ln -sfn "served/$key/$name" "$CACHE/$name.new"
    mv -T "$CACHE/$name.new" "$CACHE/$name"
  done
}

# Builds of recipes that nobody asked for lately.
prune() {
  find "$CACHE/pieces" "$CACHE/served" -mindepth 1 -maxdepth 1 -mtime "+$unused_days" -exec rm -rf {} +
}

command -v go >/dev/null || die "go is missing: Kubernetes is built from source"
mkdir -p "$CACHE"/{pieces,served,logs}
# One build at a time: a second one waits, and then finds everything there.
exec 9>"$CACHE/artifacts.lock"
flock 9

install_prerequisites
go_version="$(go env GOVERSION)"
pieces=()
piece etcd etcd.sh ""
piece cni cni.sh "$cni_version"
piece flannel flannel.sh "$flannel_version"
piece helm helm.sh "$helm_version" kubernetes/replacements.txt
piece images images.sh "" images registry-config.sh kubernetes/v1.16.3.txt
addon_images=(addon-images addon-images.sh "" images registry-config.sh kubernetes/replacements.txt)
# Built for who asks for it, and then there for all: what a lab serves does not change under another one.
if [ -n "${K8SB_LAB_ADDONS:-}" ] || [ -d "$(folder_of "${addon_images[@]}")" ]; then piece "${addon_images[@]}"; fi
piece rpms rpms.sh "" rpm runc-wrapper
for version in "${kubernetes_versions[@]}"; do
  [ -f "$ARTIFACTS_DIR/kubernetes/$version.txt" ] || die "no recipe for Kubernetes $version: kubernetes/$version.txt is missing"
  piece "kubernetes-$version" kubernetes.sh "$version" \
    "kubernetes/$version.txt" kubernetes/replacements.txt kubernetes/flags
done
publish
prune
say "ready: $CACHE/mirror"
