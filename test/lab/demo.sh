#!/bin/bash
# The whole thing on one machine: hosts, artifacts, a real cluster on them, and a look at its nodes.
# From a fresh clone, on Debian 12, as root, with Node and Go. The first run builds everything (about fifteen minutes).
#   K8SB_LAB_INSTANCE   which lab, default 0
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# shellcheck source=test/lab/hosts/env.sh
source test/lab/hosts/env.sh
# What is kept of a cluster lies beside its inventory, so each lab has a folder.
folder=demo$LAB_SUFFIX
inventory=$folder/inventory.yaml
kubectl=$K8SB_LAB_CACHE/mirror/release/v1.16.3/bin/linux/amd64/kubectl
kubeconfig=$folder/.k8s-bootstrap/lab/kubeconfig/admin.conf

title() { printf '\n== %s\n' "$*"; }

node build/setup.mjs lab

title "starting the lab: hosts and artifact mirror"
bash test/lab/lab.sh up
mkdir -p "$folder"
bash test/lab/lab.sh inventory >"$inventory"

title "installing Kubernetes: k8s-bootstrap up $inventory"
# The lab's hosts are our own, and new whenever the lab is: whatever key they show is theirs.
node bin/k8s-bootstrap trust --replace --yes -i "$inventory"
node bin/k8s-bootstrap up "$inventory"

title "the cluster"
"$kubectl" --kubeconfig "$kubeconfig" get nodes -o wide

cat <<END

It runs. To look around:  $kubectl --kubeconfig $PWD/$kubeconfig get pods --all-namespaces
Or change $inventory, and run:  bin/k8s-bootstrap plan $inventory
What is told above as k8s-bootstrap is bin/k8s-bootstrap, until you say:  export PATH="$PWD/bin:\$PATH"
To remove it all:         ${LAB_SUFFIX:+K8SB_LAB_INSTANCE=$K8SB_LAB_INSTANCE }npm run lab -- down
END
