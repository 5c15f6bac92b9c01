# shellcheck shell=bash
# What the lab needs of the machine: asked first, in plain words, before anything is made. Sourced.

require_root() {
  [[ $(uname -s) == Linux ]] || die "needs Linux (namespaces, overlayfs, cgroups); this is $(uname -s)"
  [[ $(id -u) == 0 ]] || die "needs root: it makes network namespaces, mounts and containers. Run it with sudo"
}

# Only hosts need no Go.
require_machine() {
  local missing
  mapfile -t missing < <(missing_on_machine "$@")
  ((${#missing[@]} == 0)) || die "this machine lacks:" "${missing[@]/#/$'\n'  - }"
  install_packages
}

# All that is missing, a line each. Packages of Debian are not: they are installed.
missing_on_machine() {
  local only_hosts=${1:-no} controller lost=()
  [[ $(uname -s) == Linux ]] || echo "Linux (namespaces, overlayfs, cgroups); this is $(uname -s)"
  grep -qs '^VERSION_CODENAME=bookworm' /etc/os-release || echo "Debian 12, of whose packages the hosts are built"
  [[ $(id -u) == 0 ]] || echo "root, for namespaces, mounts and containers (sudo)"
  [[ $only_hosts == yes ]] || command -v go >/dev/null || echo "Go, to build Kubernetes v1.16.3 from its modules"
  for controller in cpu cpuacct cpuset memory devices pids; do
    cgroup_mounts | grep -qE "(/|,)$controller(,|$)" || lost+=("$controller")
  done
  ((${#lost[@]} == 0)) || echo "cgroup v1 under /sys/fs/cgroup (${lost[*]}), for kubelet v1.16 cannot use v2:" \
    "boot with systemd.unified_cgroup_hierarchy=0"
  grep -qw overlay /proc/filesystems || modprobe overlay 2>/dev/null || echo "overlayfs in the kernel (module overlay)"
}

# Mount points of all cgroup hierarchies, v1 and v2.
cgroup_mounts() { awk '$3 == "cgroup" || $3 == "cgroup2" { print $2 }' /proc/mounts 2>/dev/null | sort -u; }

install_packages() {
  local package missing=()
  while read -r package; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done <"$LAB_HERE/apt-packages.txt"
  ((${#missing[@]} == 0)) && return
  say "installing ${missing[*]}"
  if ! DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -qq -y --no-install-recommends \
    "${missing[@]}" >/dev/null; then
    apt-get -o DPkg::Lock::Timeout=300 update -qq
    DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -qq -y --no-install-recommends \
      "${missing[@]}" >/dev/null || die "needs these Debian packages and could not install them: ${missing[*]}"
  fi
}
