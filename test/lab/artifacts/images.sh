#!/usr/bin/env bash
# Builds the container images of the lab, as docker archives and as a registry's storage,
# and brings the registry's program.
# usage: images.sh DESTINATION
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=SCRIPTDIR/images/pack.sh
. "$ARTIFACTS_DIR/images/pack.sh"

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

build_pause
build_busybox
build_nginx
build_nfs_provisioner
build_coredns
build_metrics_server
fill_registry
install -D -t "$destination/bin" "$registry"
