# etcdctl for root: which members, and as whom.
export ETCDCTL_API=3
export ETCDCTL_ENDPOINTS=https://192.168.139.11:2379
export ETCDCTL_CACERT=/etc/kubernetes/pki/etcd/ca.crt
export ETCDCTL_CERT=/etc/kubernetes/pki/etcd/healthcheck-client.crt
export ETCDCTL_KEY=/etc/kubernetes/pki/etcd/healthcheck-client.key
