#!/bin/sh
# Written by k8s-bootstrap; the next "up" puts its own content back. Change the inventory instead.
# Whether the API server of this host is well: check.sh own CA CERTIFICATE KEY URL. A process that hangs still takes
# connections, so what counts is an answer; with a certificate, as the API may not answer to nobody.
# check.sh others CA CERTIFICATE KEY URL URL… fails only where that of another is well instead.
PATH=/usr/sbin:/usr/bin:/sbin:/bin
what=$1 ca=$2 certificate=$3 key=$4 own=$5
shift 5
well() {
  timeout 3 curl -fsS -o /dev/null --max-time 2 --noproxy '*' --cacert "$ca" --cert "$certificate" --key "$key" "$1"
}
! well "$own" || exit 0
[ "$what" = others ] || exit 1
# All at once: many that are off take no longer than one.
found=$(for url; do { ! well "$url" || echo "$url"; } & done; wait)
[ -z "$found" ]
