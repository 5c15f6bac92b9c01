#!/bin/sh
# Written by k8s-bootstrap; the next "up" puts its own content back. Change the inventory instead.
# Whether the API server of this host is well. A process that hangs still takes connections, so what counts is an answer;
# with a certificate, as the API may not answer to nobody.
PATH=/usr/sbin:/usr/bin:/sbin:/bin
exec timeout 3 curl -fsS -o /dev/null --max-time 2 --noproxy '*' \
  --cacert /etc/kubernetes/pki/ca.crt --cert /etc/kubernetes/pki/balancer.crt --key /etc/kubernetes/pki/balancer.pem https://192.168.139.11:6443/healthz
