# What builds of images share; sourced with the destination as the first argument, never run.
# shellcheck shell=bash

destination="$1"
archives="$destination/mirror/images"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
mkdir -p "$archives" "$destination/registry"

# pack NAME TAG ROOT CONFIG writes ROOT as the only layer of a docker archive; CONFIG is the "config" object
# of the image: what docker run takes from it.
pack() {
  local name="$1" tag="$2" root="$3" config="$4" folder="$work/archive-$1" layer
  mkdir "$folder"
  reproducible_tar -C "$root" -cf "$folder/layer.tar" .
  layer="$(sha256_of "$folder/layer.tar")"
  printf '{"architecture":"amd64","os":"linux","created":"1970-01-01T00:00:00Z","config":%s,"rootfs":{"type":"layers","diff_ids":["sha256:%s"]},"history":[{"created":"1970-01-01T00:00:00Z","created_by":"test/lab/artifacts"}]}' \
    "$config" "$layer" >"$folder/config.json"
  printf '[{"Config":"config.json","RepoTags":["%s:%s"],"Layers":["layer.tar"]}]' "$name" "$tag" >"$folder/manifest.json"
  reproducible_tar -C "$folder" -cf "$archives/$name-$tag.tar" manifest.json config.json layer.tar
}

busybox_root() {
  local root="$1" applet
  if [ ! -d "$work/busybox" ]; then
    fetch_debs "$work/busybox-deb" busybox-static
    unpack_deb "$work/busybox-deb" busybox-static "$work/busybox"
  fi
  mkdir -p "$root"/{bin,etc,dev,proc,sys,tmp,root,usr/bin,usr/sbin,var/log}
  chmod 1777 "$root/tmp"
  cp "$work/busybox/bin/busybox" "$root/bin/busybox"
  for applet in $("$root/bin/busybox" --list); do
    [ "$applet" = busybox ] || ln -s busybox "$root/bin/$applet"
  done
  printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n' >"$root/etc/passwd"
  printf 'root:x:0:\nnogroup:x:65534:\n' >"$root/etc/group"
}

# Pushes the archives into a registry whose storage is kept. It runs in a network namespace
# of its own: no port of the machine is taken, whoever else uses it.
fill_registry() {
  # Not installed: the package would start a registry for the whole machine.
  fetch_debs "$work/registry-deb" docker-registry
  unpack_deb "$work/registry-deb" docker-registry "$work/registry-package"
  registry="$work/registry-package/usr/bin/docker-registry"
  "$ARTIFACTS_DIR/registry-config.sh" 127.0.0.1:5000 "$destination/registry" writable >"$work/registry.yaml"
  # shellcheck disable=SC2016  # expanded by the inner shell
  unshare --net bash -euo pipefail -c '
    ip link set lo up
    "$3" serve "$1" &
    registry=$!
    trap "kill $registry" EXIT
    for _ in $(seq 100); do
      if curl -sf --noproxy "*" -o /dev/null http://127.0.0.1:5000/v2/; then break; fi
      sleep 0.1
    done
    for archive in "$2"/*.tar; do
      name="$(basename "$archive" .tar)"
      skopeo copy --insecure-policy --dest-tls-verify=false \
        "docker-archive:$archive" "docker://127.0.0.1:5000/${name%-*}:${name##*-}"
    done
  ' fill "$work/registry.yaml" "$archives" "$registry"
}
