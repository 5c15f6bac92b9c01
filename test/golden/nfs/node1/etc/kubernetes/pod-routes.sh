#!/bin/sh
# Written by k8s-bootstrap. Routes to the pods of the other nodes, and NAT for what pods send out of the cluster.
set -eu
PATH=/usr/sbin:/usr/bin:/sbin:/bin
wanted='10.244.1.0/24 10.244.2.0/24'

case ${1:-} in
  up)
    ip -4 route replace 10.244.1.0/24 via 192.168.139.11 proto 86
    ip -4 route replace 10.244.2.0/24 via 192.168.139.12 proto 86
    # Nodes that are gone.
    ip -4 route show proto 86 | while read -r range rest; do
      case " $wanted " in
        *" $range "*) ;;
        *) ip -4 route del "$range" proto 86 ;;
      esac
    done
    /usr/sbin/iptables -w -t nat -C POSTROUTING -s 10.244.0.0/16 ! -d 10.244.0.0/16 -m comment --comment k8s-bootstrap -j MASQUERADE 2>/dev/null ||
      /usr/sbin/iptables -w -t nat -A POSTROUTING -s 10.244.0.0/16 ! -d 10.244.0.0/16 -m comment --comment k8s-bootstrap -j MASQUERADE
    ;;
  down)
    ip -4 route flush proto 86
    /usr/sbin/iptables -w -t nat -D POSTROUTING -s 10.244.0.0/16 ! -d 10.244.0.0/16 -m comment --comment k8s-bootstrap -j MASQUERADE 2>/dev/null || :
    ;;
  *)
    echo "usage: $0 up|down" >&2
    exit 2
    ;;
esac
