# What add-on prometheus runs: the real programs, of the versions that it names. Sourced by addon-images.sh, never run.
# shellcheck shell=bash
# shellcheck disable=SC2154  # work and ARTIFACTS_DIR are those of pack.sh and lib.sh

# build_program IMAGE TAG MODULE@VERSION PACKAGE PATH builds the one program of an image, to PATH in it. The real images
# have a shell beside it, which nothing here asks for.
build_program() {
  local image="$1" tag="$2" module="$3" package="$4" path="$5" root="$work/$1-root" source
  source="$work/$(printf '%s' "$module" | tr '/@' '--')"
  [ -d "$source" ] || go_module_source "$module" "$source"
  mkdir -p "$root/tmp"
  chmod 1777 "$root/tmp"
  (
    cd "$source"
    # The version of their own go.mod reads Go's internal structures, which have changed since.
    go mod edit -require github.com/json-iterator/go@v1.1.12
    CGO_ENABLED=0 go build -ldflags "-s -w" -o "$root$path" "$package"
  )
  pack "$image" "$tag" "$root" "{\"Entrypoint\":[\"$path\"],\"User\":\"65534\"}"
}

build_monitoring() {
  local operator=github.com/coreos/prometheus-operator@v0.38.3
  build_program prometheus-operator v0.38.3 "$operator" ./cmd/operator /bin/operator
  build_program prometheus-config-reloader v0.38.3 "$operator" ./cmd/prometheus-config-reloader \
    /bin/prometheus-config-reloader
  build_program kube-state-metrics v1.9.7 k8s.io/kube-state-metrics@v1.9.7 . /kube-state-metrics
  # v2.16.0 by its commit: as a module it has no version of that name.
  build_program prometheus v2.16.0 github.com/prometheus/prometheus@v1.8.2-0.20200213233353-b90be6f32a33 \
    ./cmd/prometheus /bin/prometheus
  # Its checksum is older than the list of all checksums, which does not have it.
  GONOSUMDB=github.com/prometheus/node_exporter \
    build_program node-exporter v0.18.1 github.com/prometheus/node_exporter@v0.18.1 . /bin/node_exporter
  build_configmap_reload
}

build_configmap_reload() {
  local root="$work/configmap-reload-root"
  mkdir "$root"
  CGO_ENABLED=0 go build -ldflags "-s -w" -o "$root/configmap-reload" \
    "$ARTIFACTS_DIR/images/configmap-reload-standin/main.go"
  pack configmap-reload v0.3.0 "$root" '{
    "Entrypoint":["/configmap-reload"],
    "User":"65534",
    "Labels":{"org.opencontainers.image.description":"a stand-in for configmap-reload made for the lab of k8s-bootstrap; not the real program"}}'
}
