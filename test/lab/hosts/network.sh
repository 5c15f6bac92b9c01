# shellcheck shell=bash
# The lab's network: a bridge in a namespace without a way out, and one cable to the controller. Sourced.

network_up() {
  [[ -e /run/netns/$LAB_NS ]] || ip netns add "$LAB_NS"
  in_ns ip link set lo up
  if ! in_ns ip link show "$LAB_BRIDGE" >/dev/null 2>&1; then
    in_ns ip link add "$LAB_BRIDGE" type bridge
    in_ns ip address add "$LAB_GATEWAY/24" dev "$LAB_BRIDGE"
    in_ns ip link set "$LAB_BRIDGE" up
    # What is not of the lab gets "unreachable" at once, instead of a timeout; also the second time.
    in_ns sysctl -qw net.ipv4.ip_forward=1 net.ipv4.icmp_ratelimit=0
    in_ns ip route add unreachable default
  fi
  if ! ip link show "$LAB_VETH" >/dev/null 2>&1; then
    in_ns ip link del "${LAB_VETH}1" 2>/dev/null || true
    ip link add "$LAB_VETH" type veth peer name "${LAB_VETH}1" netns "$LAB_NS"
    in_ns ip link set "${LAB_VETH}1" master "$LAB_BRIDGE" up
    ip address add "$LAB_CONTROLLER/24" dev "$LAB_VETH"
    ip link set "$LAB_VETH" up
  fi
}

network_down() {
  ip link del "$LAB_VETH" 2>/dev/null || true
  ip netns del "$LAB_NS" 2>/dev/null || true
}

# Not `ip netns exec`: it mounts a new /sys, which hides the cgroup hierarchies.
in_ns() { nsenter --net="/run/netns/$LAB_NS" -- "$@"; }
