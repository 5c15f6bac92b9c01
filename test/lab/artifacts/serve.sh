#!/usr/bin/env bash
# Serves what build.sh made: files on ADDRESS:8080, container images on ADDRESS:5000.
# usage: serve.sh start|stop|status ADDRESS
#   LAB_NETNS       name of a network namespace to serve in; default is the current one
#   K8SB_LAB_RUN    folder for pid files and logs, default /run/k8s-bootstrap-lab
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

mirror_port=8080
registry_port=5000
usage="usage: serve.sh start|stop|status ADDRESS"
action="${1:?$usage}"
address="${2:?$usage}"
# Two labs on one machine have different addresses, so the address is part of the name.
run="${K8SB_LAB_RUN:-/run/k8s-bootstrap-lab}/serve-$address"

# Not `ip netns exec`, which mounts another /sys and so hides the cgroups.
in_namespace() {
  if [ -n "${LAB_NETNS:-}" ]; then
    nsenter --net="/run/netns/$LAB_NETNS" "$@"
  else
    "$@"
  fi
}

# A pid may belong to somebody else by now: only a process that has our run folder on its command line is ours.
pid_of() {
  local pid
  pid="$(cat "$run/$1.pid" 2>/dev/null)" || return 1
  tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | grep -qF "$run/" || return 1
  echo "$pid"
}

answers() { in_namespace curl -sf --noproxy '*' --max-time 2 -o /dev/null "http://$address:$1"; }

# launch NAME PROBE COMMAND... starts a server in a session of its own and waits until it answers.
launch() {
  local name="$1" probe="$2" command
  shift 2
  if pid_of "$name" >/dev/null && answers "$probe"; then return; fi
  stop_one "$name"
  command=("$@")
  [ -z "${LAB_NETNS:-}" ] || command=(nsenter --net="/run/netns/$LAB_NETNS" "$@")
  setsid "${command[@]}" >>"$run/$name.log" 2>&1 </dev/null &
  echo "$!" >"$run/$name.pid"
  for _ in $(seq 100); do
    if answers "$probe"; then return; fi
    sleep 0.1
  done
  die "$name does not answer on $address:${probe%%/*}, see $run/$name.log"
}

stop_one() {
  local pid
  if pid="$(pid_of "$1")"; then
    kill "$pid"
    for _ in $(seq 50); do
      if ! pid_of "$1" >/dev/null; then break; fi
      sleep 0.1
    done
    if pid_of "$1" >/dev/null; then kill -KILL "$pid"; fi
  fi
  rm -f "$run/$1.pid"
}

start() {
  [ -d "$CACHE/mirror" ] || die "nothing to serve in $CACHE: run build.sh first"
  mkdir -p "$run"
  "$ARTIFACTS_DIR/registry-config.sh" "$address:$registry_port" "$CACHE/registry" readonly >"$run/registry.yaml"
  launch mirror "$mirror_port/SHA256SUMS.yaml" \
    node "$ARTIFACTS_DIR/serve.mjs" "$CACHE/mirror" "$address" "$mirror_port" "$run/requests.log"
  launch registry "$registry_port/v2/" "$CACHE/bin/docker-registry" serve "$run/registry.yaml"
  say "serving http://$address:$mirror_port and images on $address:$registry_port; requests: $run/requests.log"
}

status() {
  local name result=0
  for name in mirror registry; do
    if pid_of "$name" >/dev/null; then
      say "$name runs, pid $(pid_of "$name")"
    else
      say "$name does not run"
      result=1
    fi
  done
  return "$result"
}

case "$action" in
  start) start ;;
  stop)
    stop_one mirror
    stop_one registry
    ;;
  status) status ;;
  *) die "$usage" ;;
esac
