#!/usr/bin/env bash
# Builds the container images of the lab, as docker archives and as a registry's storage,
# and brings the registry's program.
# usage: images.sh DESTINATION
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=SCRIPTDIR/images/ingress.sh
. "$ARTIFACTS_DIR/images/ingress.sh"

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
  printf '{"architecture":"amd64","os":"linux","created":"1970-01-01T00:00:00Z","config":%s,"rootfs":{"type":"layers","diff_ids":["sha256:%s"]},"history":[{"created":"1970-01-01T00:00:00Z","created_by":"test/lab/artifacts/images.sh"}]}' \
    "$config" "$layer" >"$folder/config.json"
  printf '[{"Config":"config.json","RepoTags":["%s:%s"],"Layers":["layer.tar"]}]' "$name" "$tag" >"$folder/manifest.json"
  reproducible_tar -C "$folder" -cf "$archives/$name-$tag.tar" manifest.json config.json layer.tar
}

busybox_root() {
  local root="$1" applet
  mkdir -p "$root"/{bin,etc,dev,proc,sys,tmp,root,usr/bin,usr/sbin,var/log}
  chmod 1777 "$root/tmp"
  cp "$work/busybox/bin/busybox" "$root/bin/busybox"
  for applet in $("$root/bin/busybox" --list); do
    [ "$applet" = busybox ] || ln -s busybox "$root/bin/$applet"
  done
  printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n' >"$root/etc/passwd"
  printf 'root:x:0:\nnogroup:x:65534:\n' >"$root/etc/group"
}

build_pause() {
  local root="$work/pause"
  mkdir "$root"
  gcc -Os -static -s -o "$root/pause" "$ARTIFACTS_DIR/images/pause.c"
  pack pause 3.1 "$root" '{"Entrypoint":["/pause"]}'
}

build_busybox() {
  busybox_root "$work/busybox-root"
  pack busybox 1.31 "$work/busybox-root" '{"Cmd":["sh"],"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]}'
}

# Has a shell, as the real image has: kubectl exec is tested with it.
build_nginx() {
  local root="$work/nginx-root"
  busybox_root "$root"
  CGO_ENABLED=0 go build -ldflags "-s -w" -o "$root/usr/sbin/nginx" "$ARTIFACTS_DIR/images/nginx/main.go"
  pack nginx 1.17 "$root" '{
    "Cmd":["nginx","-g","daemon off;"],
    "Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
    "ExposedPorts":{"80/tcp":{}},
    "StopSignal":"SIGTERM",
    "Labels":{"org.opencontainers.image.description":"a stand-in for nginx made for the lab of k8s-bootstrap; not nginx"}}'
}

# One program: the real image has more, but nothing of the cluster asks for it.
build_nfs_provisioner() {
  local root="$work/nfs-provisioner-root"
  mkdir -p "$root/persistentvolumes" "$root/tmp"
  CGO_ENABLED=0 go build -ldflags "-s -w" -o "$root/nfs-client-provisioner" \
    "$ARTIFACTS_DIR/images/nfs-provisioner-standin/main.go"
  pack nfs-provisioner-standin 1 "$root" '{
    "Entrypoint":["/nfs-client-provisioner"],
    "Labels":{"org.opencontainers.image.description":"a stand-in for nfs-client-provisioner made for the lab of k8s-bootstrap; not the real program"}}'
}

# The real program, of the version that goes with Kubernetes 1.16.
build_coredns() {
  local root="$work/coredns-root" version=1.6.2 module=github.com/census-instrumentation/opencensus-proto
  mkdir "$root"
  go_module_source "github.com/coredns/coredns@v$version" "$work/coredns"
  (
    cd "$work/coredns"
    # Of 2018, and in no archive of modules any more; only plugins for clouds ask for it.
    go mod edit -replace "$module=$module@v0.2.1"
    CGO_ENABLED=0 go build -ldflags "-s -w" -o "$root/coredns" .
  )
  pack coredns "$version" "$root" '{"Entrypoint":["/coredns"],"ExposedPorts":{"53/tcp":{},"53/udp":{}}}'
}

# The real program, of the line that asks kubelets as those of 1.16 answer. Its releases are in no archive of modules:
# this is upstream's main branch of April 2020, between v0.3.6 and v0.3.7, and says so of itself.
build_metrics_server() {
  local root="$work/metrics-server-root" tag=v0.3.6 commit=5fcf6956a533 module=sigs.k8s.io/metrics-server
  local stats=pkg/kubelet/apis/stats/v1alpha1 kubernetes=v1.16.3
  mkdir "$root"
  go_module_source "$module@v0.0.0-20200406215547-$commit" "$work/metrics-server"
  go_module_source "k8s.io/kubernetes@$kubernetes" "$work/kubernetes"
  (
    cd "$work/metrics-server"
    # The form of a kubelet's answer is a folder of Kubernetes that upstream vendors as a module of its own.
    cp -r "$work/kubernetes/$stats" stats
    echo "module k8s.io/kubernetes/$stats" >stats/go.mod
    # The version of its own go.mod reads Go's internal structures, which have changed since.
    go mod edit -replace "k8s.io/kubernetes/$stats=./stats" -require github.com/json-iterator/go@v1.1.12
    # Libraries of 1.17 watch who the front proxy is, which 1.16 lets add-ons read only; v0.3.6 reads it, too.
    while read -r name version; do
      case "$name" in
        api | apimachinery | apiserver | client-go | metrics)
          go mod edit -replace "k8s.io/$name=k8s.io/$name@$version"
          ;;
      esac
    done < <(data_lines "$ARTIFACTS_DIR/kubernetes/$kubernetes.txt")
    CGO_ENABLED=0 go build -ldflags "-s -w -X $module/pkg/version.gitVersion=$tag+$commit" \
      -o "$root/metrics-server" ./cmd/metrics-server
  )
  pack metrics-server-amd64 "$tag" "$root" '{"Entrypoint":["/metrics-server"],"User":"65534"}'
}

# Pushes the archives into a registry whose storage is kept. It runs in a network namespace
# of its own: no port of the machine is taken, whoever else uses it.
fill_registry() {
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
  ' fill "$work/registry.yaml" "$archives" "$destination/bin/docker-registry"
}

fetch_debs "$work/debs" busybox-static docker-registry
unpack_deb "$work/debs" busybox-static "$work/busybox"
# Not installed: the package would start a registry for the whole machine.
unpack_deb "$work/debs" docker-registry "$work/registry-package"
install -D -t "$destination/bin" "$work/registry-package/usr/bin/docker-registry"
build_pause
build_busybox
build_nginx
build_nfs_provisioner
build_coredns
build_metrics_server
build_ingress_nginx
fill_registry
