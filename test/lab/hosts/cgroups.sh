# shellcheck shell=bash
# One group per host in every cgroup hierarchy: it is the host's own cgroup root, its fence against the other
# hosts' kubelets, and the list of everything that runs on the host. Sourced.

# Moves this very process into the host's groups; its children follow.
enter_cgroups() {
  local host=$1 mount
  for mount in $(cgroup_mounts); do
    mkdir -p "$mount/$LAB_CGROUP/$host"
    if [[ -e $mount/cpuset.cpus ]]; then
      # A cpuset is born empty and takes no process until it is filled, from the top down.
      fill_cpuset "$mount" "$mount/$LAB_CGROUP"
      fill_cpuset "$mount/$LAB_CGROUP" "$mount/$LAB_CGROUP/$host"
    fi
    if [[ -e $mount/cpu.shares ]] && is_virtual "$host"; then
      # Emulated, it takes a core for what takes others a tenth; with a host's usual share of a machine on which another
      # lab works, its commands take longer than anybody waits.
      echo 4096 >"$mount/$LAB_CGROUP/cpu.shares"
      echo 8192 >"$mount/$LAB_CGROUP/$host/cpu.shares"
    fi
    echo "$BASHPID" >"$mount/$LAB_CGROUP/$host/cgroup.procs"
  done
}

fill_cpuset() {
  local parent=$1 child=$2 file
  for file in cpuset.cpus cpuset.mems; do
    cat "$parent/$file" >"$child/$file"
  done
}

host_pids() {
  local mount
  for mount in $(cgroup_mounts); do
    find "$mount/$LAB_CGROUP/$1" -name cgroup.procs -exec cat {} + 2>/dev/null || true
  done | sort -un
}

# Without the page cache, which is shared and given back on demand.
host_memory_mib() {
  awk '$1 == "total_rss" { printf "%d", $2 / 1048576 }' "/sys/fs/cgroup/memory/$LAB_CGROUP/$1/memory.stat"
}

# Whether there is still an emulated host in the lab.
has_emulated() {
  local group
  for group in "$1/$LAB_CGROUP"/*/; do
    if is_virtual "$(basename "$group")"; then return 0; fi
  done
  return 1
}

leave_cgroups() {
  local mount
  for mount in $(cgroup_mounts); do
    find "$mount/$LAB_CGROUP/$1" -depth -type d -exec rmdir {} + 2>/dev/null || true
    if [[ -e $mount/$LAB_CGROUP/cpu.shares ]] && ! has_emulated "$mount"; then echo 1024 >"$mount/$LAB_CGROUP/cpu.shares"; fi
    # Goes with the last host.
    rmdir "$mount/$LAB_CGROUP" 2>/dev/null || true
  done
}
