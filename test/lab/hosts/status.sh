# shellcheck shell=bash
# One line per host for people. Sourced.

status() {
  local host
  printf '%-6s %-15s %-8s %-4s %-9s %s\n' HOST ADDRESS STATE SSH UPTIME MEMORY
  for host in $(existing_hosts); do status_line "$host"; done
}

status_line() {
  local host=$1 state=stopped ssh=- uptime=- memory=-
  if host_running "$host"; then
    state=running ssh=no
    uptime=$(host_uptime "$host")
    memory=$(host_memory_mib "$host")MiB
    if lab_ssh "$host" true 2>/dev/null; then ssh=ok; fi
  fi
  printf '%-6s %-15s %-8s %-4s %-9s %s\n' "$host" "$(host_address "$host")" "$state" "$ssh" "$uptime" "$memory"
}

# The age of the oldest process; /proc/uptime in a host is that of the machine, and pids wrap around.
host_uptime() {
  local pids seconds
  mapfile -t pids < <(host_pids "$1")
  seconds=$(ps -o etimes= -p "$(IFS=, && echo "${pids[*]}")" | sort -n | tail -n 1)
  printf '%d:%02d:%02d' $((seconds / 3600)) $((seconds / 60 % 60)) $((seconds % 60))
}
