#!/bin/sh
# Written by k8s-bootstrap; the next "up" puts its own content back. Change etcd.backup in the inventory instead.
# A snapshot of the member on this host, for root alone; of all there are, the newest stay: etcd-backup.sh KEEP
set -eu
umask 077
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
. /etc/profile.d/etcdctl.sh
export ETCDCTL_ENDPOINTS=https://127.0.0.1:2379
cd /var/lib/etcd-backup
rm -f -- .new.db .new.db.part
etcdctl endpoint health
etcdctl snapshot save .new.db
etcdctl snapshot status .new.db
name=$(date -u +%Y%m%dT%H%M%SZ).db
sync
mv -f -- .new.db "$name"
# Names are times: what sorts last is newest, by a clock that was perhaps ahead once. Others' files stay, and this one.
ls | grep -x '[0-9]\{8\}T[0-9]\{6\}Z[.]db' | sort -r | tail -n "+$(($1 + 1))" | while read -r old; do
  [ "$old" != "$name" ] || continue
  rm -f -- "$old"
done
