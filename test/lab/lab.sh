#!/bin/bash
# The lab: real hosts with real systemd and sshd on this machine, looking like CentOS 7.
#
#   lab.sh up [--hosts N] [--nfs] [--only-hosts]
#                                          hosts m1, w1, w2 … up to ssh; the mirror too, unless --only-hosts;
#                                          --nfs: also n1 and v1, virtual machines whose kernel has NFS
#   lab.sh down                            removes everything that was made, but the cache
#   lab.sh status                          one line per host
#   lab.sh inventory [--nfs]               an inventory of these hosts
#   lab.sh needs                           what this machine lacks for all that, a line each
#   lab.sh ssh HOST COMMAND…               as root on the host
#   lab.sh poweroff HOST | start HOST      pulls the plug | boots it again with its disk
#   lab.sh wipe HOST                       as if reinstalled: empty disk, new host keys
#
# K8SB_LAB_INSTANCE=1 (2, 3 … 99) is another lab beside it: its hosts are 198.18.1.11 and so on.
set -euo pipefail
# What is made here is a host's file system: it must not inherit a stricter mask.
umask 022

# shellcheck source-path=SCRIPTDIR source=hosts/env.sh
source "$(dirname "${BASH_SOURCE[0]}")/hosts/env.sh"
for part in prerequisites cgroups kernel rootfs vm-image network modules host status; do
  # shellcheck source=/dev/null
  source "$LAB_HERE/hosts/$part.sh"
done

usage() {
  sed -n '4,15s/^# *//p' "${BASH_SOURCE[0]}" >&2
  exit 2
}

# Two commands at once would make the same things twice.
lock() {
  mkdir -p "$K8SB_LAB_RUN"
  exec 9>"$K8SB_LAB_RUN/lock"
  flock --wait 600 9 || die "another lab command is running (lock $K8SB_LAB_RUN/lock)"
}

make_key() {
  [[ -e $K8SB_LAB_RUN/id_ed25519 ]] || ssh-keygen -q -t ed25519 -N '' -C lab -f "$K8SB_LAB_RUN/id_ed25519"
}

boot() {
  local host
  for host in "$@"; do
    make_disk "$host"
    start_host "$host"
  done
  write_known_hosts
  for host in "$@"; do wait_for_ssh "$host"; done
}

up() {
  local count=3 only_hosts=no nfs=no names
  while (($# > 0)); do
    case $1 in
      --hosts) count=${2:-}; shift 2 || usage ;;
      --nfs) nfs=yes; shift ;;
      --only-hosts) only_hosts=yes; shift ;;
      *) usage ;;
    esac
  done
  [[ $count =~ ^[1-9][0-9]?$ ]] || usage
  require_machine "$only_hosts"
  lock
  chmod 700 "$K8SB_LAB_RUN"
  build_rootfs
  kernel_settings_up
  network_up
  make_key
  mapfile -t names < <(host_names "$count")
  if [[ $nfs == yes ]]; then
    build_vm_image
    names+=("${LAB_NFS_HOSTS[@]}")
  fi
  boot "${names[@]}"
  [[ $only_hosts == yes ]] || mirror_up
  status
}

mirror_up() {
  [[ -x $LAB_HERE/artifacts/build.sh ]] || die "test/lab/artifacts/build.sh is missing; use --only-hosts"
  "$LAB_HERE/artifacts/build.sh" 9>&-
  "$LAB_HERE/artifacts/serve.sh" start "$LAB_CONTROLLER" 9>&-
}

down() {
  local host
  require_root
  lock
  if [[ -x $LAB_HERE/artifacts/serve.sh ]]; then "$LAB_HERE/artifacts/serve.sh" stop "$LAB_CONTROLLER" 9>&- || true; fi
  for host in $(existing_hosts); do remove_host "$host"; done
  network_down
  kernel_settings_down
  # By name: the directories are settings, and may be somebody's who keeps other things there too.
  (cd "$K8SB_LAB_RUN" && rm -rf --one-file-system hosts modules "serve-$LAB_CONTROLLER" id_ed25519 id_ed25519.pub \
    known_hosts e2e.json lock)
  rmdir --ignore-fail-on-non-empty "$K8SB_LAB_RUN"
  if [[ -d $K8SB_LAB_DISKS ]]; then rmdir --ignore-fail-on-non-empty "$K8SB_LAB_DISKS"; fi
}

# The examples are inventories of the first lab; other labs have other addresses and folders.
inventory() {
  local name=lab
  case ${1:-} in
    '') ;;
    --nfs) name=nfs-lab ;;
    *) usage ;;
  esac
  sed -e '/^# yaml-language-server/d' -e "s#198\.18\.0\.#$LAB_NET.#g" -e "s#/run/k8s-bootstrap-lab/#$K8SB_LAB_RUN/#g" \
    -e "s#/var/cache/k8s-bootstrap-lab/#$K8SB_LAB_CACHE/#g" "$LAB_HERE/../../inventory/$name.yaml"
}

# A command about one host that must exist.
with_host() {
  [[ $# == 2 ]] || usage
  require_root
  lock
  existing_hosts | grep -qx "$2" || die "no such host: $2 (existing: $(existing_hosts | paste -sd' '))"
  case $1 in
    poweroff) stop_host "$2" ;;
    start) boot "$2" ;;
    wipe)
      remove_host "$2"
      build_rootfs
      if is_virtual "$2"; then build_vm_image; fi
      boot "$2"
      ;;
  esac
}

case ${1:-} in
  up) shift; up "$@" ;;
  down) down ;;
  status) status ;;
  inventory) shift; inventory "$@" ;;
  needs) missing_on_machine ;;
  ssh)
    (($# >= 2)) || usage
    shift
    lab_ssh "$@"
    ;;
  poweroff | start | wipe) with_host "$@" ;;
  *) usage ;;
esac
