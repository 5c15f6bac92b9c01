# shellcheck shell=bash
# Settings of the machine's kernel that the hosts share, because there is one kernel: what kubelet and the hosts'
# sysctl files write is remembered before and put back after. Sourced.

LAB_SHARED_SETTINGS=(
  fs.file-max fs.inotify.max_user_instances fs.inotify.max_user_watches fs.may_detach_mounts
  kernel.keys.root_maxbytes kernel.keys.root_maxkeys kernel.panic kernel.panic_on_oops kernel.pid_max kernel.sysrq
  kernel.softlockup_panic vm.dirty_background_ratio vm.dirty_ratio vm.max_map_count vm.overcommit_memory
  vm.panic_on_oom vm.swappiness
)

# The first lab remembers, the last one puts back: each has a file with its number in `users`.
kernel_settings_up() {
  (
    lock_shared
    if [[ ! -e $LAB_SHARED/sysctl.conf ]]; then
      # Not every kernel has all of them.
      sysctl -e "${LAB_SHARED_SETTINGS[@]}" >"$LAB_SHARED/sysctl.conf" 2>/dev/null || true
    fi
    : >"$LAB_SHARED/users/$K8SB_LAB_INSTANCE"
  )
  # 128 watchers are meant for one machine; here all hosts' root is the same user.
  sysctl -qw fs.inotify.max_user_instances=8192
}

kernel_settings_down() {
  (
    lock_shared
    rm -f "$LAB_SHARED/users/$K8SB_LAB_INSTANCE"
    rmdir "$LAB_SHARED/users" 2>/dev/null || exit 0
    if [[ -e $LAB_SHARED/sysctl.conf ]]; then sysctl -q -p "$LAB_SHARED/sysctl.conf" || true; fi
    # The lock stays: another lab may be waiting for this very file.
    rm -f "$LAB_SHARED/sysctl.conf"
  )
}

# For the rest of the calling subshell.
lock_shared() {
  mkdir -p "$LAB_SHARED"
  exec 8>"$LAB_SHARED/lock"
  flock 8
  mkdir -p "$LAB_SHARED/users"
}
