# shellcheck shell=bash disable=SC2034
# Settings and names that every part of the lab shares. Sourced, never run: others use what is set here.

LAB_HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# Several labs fit on one machine: each has a number, and with it a network and names of its own.
export K8SB_LAB_INSTANCE=${K8SB_LAB_INSTANCE:-0}
if [[ ! $K8SB_LAB_INSTANCE =~ ^(0|[1-9][0-9]?)$ ]]; then
  echo "lab: K8SB_LAB_INSTANCE is '$K8SB_LAB_INSTANCE'; it must be a number from 0 to 99" >&2
  exit 2
fi
LAB_SUFFIX=
((K8SB_LAB_INSTANCE == 0)) || LAB_SUFFIX=-$K8SB_LAB_INSTANCE

export K8SB_LAB_CACHE=${K8SB_LAB_CACHE:-/var/cache/k8s-bootstrap-lab}
export K8SB_LAB_RUN=${K8SB_LAB_RUN:-/run/k8s-bootstrap-lab$LAB_SUFFIX}
export K8SB_LAB_DISKS=${K8SB_LAB_DISKS:-/var/lib/k8s-bootstrap-lab$LAB_SUFFIX}
# What all labs of the machine have in common.
LAB_SHARED=/run/k8s-bootstrap-labs

# 198.18.0.0/15 is set aside for test networks (RFC 2544): it collides with nobody's real one.
LAB_NET=198.18.$K8SB_LAB_INSTANCE
LAB_GATEWAY=$LAB_NET.1
LAB_CONTROLLER=$LAB_NET.254
LAB_NS=k8sb-lab$LAB_SUFFIX
LAB_BRIDGE=k8sb-br$LAB_SUFFIX
LAB_VETH=k8sb-ctl$LAB_SUFFIX
LAB_CGROUP=k8sb-lab$LAB_SUFFIX
LAB_BOOT_SECONDS=${LAB_BOOT_SECONDS:-90}

say() { printf 'lab: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# m1, w1, w2, w3 … : one control plane host, the others workers.
host_names() {
  local count=$1 n
  echo m1
  for ((n = 1; n < count; n++)); do echo "w$n"; done
}

# With a kernel of their own: an NFS server, and a worker that can mount what it exports.
LAB_NFS_HOSTS=(n1 v1)

# The address and the kind follow from the name, so a host keeps them however often it is wiped.
host_address() {
  case $1 in
    m1) echo "$LAB_NET.11" ;;
    w[1-9] | w[1-9][0-9]) echo "$LAB_NET.$((11 + ${1#w}))" ;;
    n[1-9]) echo "$LAB_NET.$((200 + ${1#n}))" ;;
    v[1-9]) echo "$LAB_NET.$((210 + ${1#v}))" ;;
    *) die "no such host: $1 (hosts are m1, w1, w2 …, and virtual machines n1, v1)" ;;
  esac
}

is_virtual() { [[ $1 == [nv]* ]]; }

host_dir() { echo "$K8SB_LAB_RUN/hosts/$1"; }
host_disk() { echo "$K8SB_LAB_DISKS/$1"; }

# Hosts that exist: those with a disk, and those that run although their disk is gone.
existing_hosts() {
  local dir
  for dir in "$K8SB_LAB_DISKS"/*/plain "/sys/fs/cgroup/pids/$LAB_CGROUP"/*/cgroup.procs; do
    if [[ -e $dir ]]; then basename "$(dirname "$dir")"; fi
  done | sort -u
}

lab_ssh() {
  local host=$1 seconds=5
  shift
  # Emulated processors take their time with keys.
  if is_virtual "$host"; then seconds=30; fi
  ssh -F /dev/null -i "$K8SB_LAB_RUN/id_ed25519" -o IdentitiesOnly=yes \
    -o UserKnownHostsFile="$K8SB_LAB_RUN/known_hosts" -o GlobalKnownHostsFile=/dev/null \
    -o StrictHostKeyChecking=yes -o BatchMode=yes -o ConnectTimeout="$seconds" -o LogLevel=ERROR \
    "root@$(host_address "$host")" "$@"
}
