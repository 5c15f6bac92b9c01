# shellcheck shell=bash
# What the lab needs of the machine: asked first, in plain words, before anything is made. Sourced.

require_root() {
  [[ $(uname -s) == Linux ]] || die "needs Linux (namespaces, overlayfs, cgroups); this is $(uname -s)"
  [[ $(id -u) == 0 ]] || die "needs root: it makes network namespaces, mounts and containers. Run it with sudo"
}

require_machine() {
  require_root
  require_cgroup_v1
  grep -qw overlay /proc/filesystems || modprobe overlay 2>/dev/null ||
    die "needs overlayfs in the kernel (module overlay)"
  install_packages
}

# kubelet v1.16 knows only cgroup v1. A machine that booted with the unified hierarchy has no v1 controllers to share.
require_cgroup_v1() {
  local controller
  for controller in cpu cpuacct cpuset memory devices pids; do
    cgroup_mounts | grep -qE "(/|,)$controller(,|$)" ||
      die "needs the cgroup v1 controller '$controller' mounted under /sys/fs/cgroup (kubelet v1.16 cannot use v2):" \
        "boot the machine with systemd.unified_cgroup_hierarchy=0"
  done
}

# Mount points of all cgroup hierarchies, v1 and v2.
cgroup_mounts() { awk '$3 == "cgroup" || $3 == "cgroup2" { print $2 }' /proc/mounts | sort -u; }

install_packages() {
  local package missing=()
  command -v dpkg-query >/dev/null || die "needs Debian 12 (dpkg and apt): the hosts are built from Debian packages"
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
