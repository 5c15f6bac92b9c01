#!/bin/bash
# The whole thing on one machine: hosts, artifacts, a real cluster on them, and a look at its nodes.
# From a fresh clone, on Debian 12, as root, with Node and Go. The first run builds everything (about fifteen minutes).
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
cache=${K8SB_LAB_CACHE:-/var/cache/k8s-bootstrap-lab}
kubectl=$cache/mirror/release/v1.16.3/bin/linux/amd64/kubectl
kubeconfig=inventory/.k8s-bootstrap/lab/kubeconfig/admin.conf

say() { printf '\n== %s\n' "$*"; }

# All that is missing, in one answer.
check() {
  local missing=()
  [[ $(uname -s) == Linux ]] && grep -qs '^VERSION_CODENAME=bookworm' /etc/os-release || missing+=("Debian 12")
  [[ $(id -u) == 0 ]] || missing+=("root (sudo npm run demo)")
  node_is_new_enough || missing+=("Node 20.19 or newer")
  command -v npm >/dev/null || missing+=("npm")
  command -v go >/dev/null || missing+=("Go (the Kubernetes v1.16.3 binaries are built from their modules)")
  ((${#missing[@]} == 0)) && return
  printf 'demo: this machine lacks:\n' >&2
  printf '  - %s\n' "${missing[@]}" >&2
  exit 1
}

node_is_new_enough() {
  command -v node >/dev/null &&
    node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)'
}

check

# npm writes this file last, so it is as old as the last complete installation.
if [[ ! -e node_modules/.package-lock.json || package-lock.json -nt node_modules/.package-lock.json ]]; then
  say "installing Node packages"
  npm ci
fi
say "building k8s-bootstrap"
npm run build

say "starting the lab: hosts and artifact mirror"
bash test/lab/lab.sh up

say "installing Kubernetes: k8s-bootstrap up inventory/lab.yaml"
# The lab's hosts are our own, and new whenever the lab is: whatever key they show is theirs.
node bin/k8s-bootstrap trust --replace --yes -i inventory/lab.yaml
node bin/k8s-bootstrap up inventory/lab.yaml

say "the cluster"
"$kubectl" --kubeconfig "$kubeconfig" get nodes -o wide

cat <<END

It runs. To look around:  $kubectl --kubeconfig $PWD/$kubeconfig get pods --all-namespaces
To remove it all:         npm run lab -- down
END
