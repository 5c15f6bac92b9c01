#!/bin/sh
# Written by k8s-bootstrap. Routes to the pods of the other nodes, NAT for what pods send out of the cluster, and
# leave for what they forward. Which, says the table; the second argument is this node's own address.
set -eu
PATH=/usr/sbin:/usr/bin:/sbin:/bin
table=/etc/kubernetes/pod-routes
own=${2:-}
pods=$(awk '$1 == "pods" { print $2 }' "$table")

masquerade() {
  iptables -w -t nat "$1" "$2" -s "$pods" ! -d "$pods" -m comment --comment k8s-bootstrap -j MASQUERADE
}

forward() {
  iptables -w "$1" FORWARD "$2" "$pods" -m comment --comment k8s-bootstrap -j ACCEPT
}

case ${1:-} in
  up)
    # Routes to nodes that are gone are taken away.
    ip -4 route show proto 86 | awk -v own="$own" '
      part == "table" { if ($1 ~ /^[0-9]/ && $2 != own) { wanted[$1]; print "route replace " $1 " via " $2 " proto 86" } next }
      !($1 in wanted) { print "route del " $1 " proto 86" }
    ' part=table "$table" part=kernel - | ip -4 -batch -
    # firewalld may have set it by a direct rule, which is in a chain of its own.
    masquerade -C POSTROUTING_direct 2>/dev/null || masquerade -C POSTROUTING 2>/dev/null || masquerade -A POSTROUTING
    # Where a policy drops what is forwarded, kube-proxy lets through answers alone.
    for side in -s -d; do
      forward -C $side 2>/dev/null || forward -A $side
    done
    ;;
  down)
    ip -4 route flush proto 86
    masquerade -D POSTROUTING 2>/dev/null || :
    for side in -s -d; do
      forward -D $side 2>/dev/null || :
    done
    ;;
  *)
    echo "usage: $0 up ADDRESS|down" >&2
    exit 2
    ;;
esac
