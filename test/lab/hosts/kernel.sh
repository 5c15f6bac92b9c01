# shellcheck shell=bash
# Settings of the machine's kernel that the hosts share, because there is one kernel: what kubelet and the hosts'
# sysctl files write is remembered before and put back after. Sourced.

LAB_SHARED_SETTINGS=(
  fs.file-max fs.inotify.max_user_instances fs.inotify.max_user_watches fs.may_detach_mounts
  kernel.keys.root_maxbytes kernel.keys.root_maxkeys kernel.panic kernel.panic_on_oops kernel.pid_max kernel.sysrq
  kernel.softlockup_panic vm.dirty_background_ratio vm.dirty_ratio vm.max_map_count vm.overcommit_memory
  vm.panic_on_oom vm.swappiness
)

kernel_settings_up() {
  if [[ ! -e $K8SB_LAB_RUN/sysctl.conf ]]; then
    # Not every kernel has all of them.
    sysctl -e "${LAB_SHARED_SETTINGS[@]}" >"$K8SB_LAB_RUN/sysctl.conf" 2>/dev/null || true
  fi
  # 128 watchers are meant for one machine; here all hosts' root is the same user.
  sysctl -qw fs.inotify.max_user_instances=8192
}

kernel_settings_down() {
  [[ -e $K8SB_LAB_RUN/sysctl.conf ]] || return 0
  sysctl -q -p "$K8SB_LAB_RUN/sysctl.conf" || true
}
