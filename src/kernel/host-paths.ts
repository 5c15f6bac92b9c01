/** Every port and path of a cluster that is the same on all hosts. Names follow kubeadm's layout where it has one. */

/**
 * TCP ports, as the components listen by default.
 * @see https://kubernetes.io/docs/reference/networking/ports-and-protocols/
 */
export const ports = {
  apiServer: 6443,
  /** The balancer's, on loopback only. Not 6443: an API server that is told to listen everywhere has that on masters. */
  balancer: 6444,
  /** The apiserver's port without authentication; only profile `course` opens it. */
  apiServerInsecure: 8080,
  etcdClient: 2379,
  etcdPeer: 2380,
  /** Figures alone, for whoever asks; etcd has it where the inventory says so. */
  etcdMetrics: 2381,
  kubelet: 10250,
  /** Plain health check, on loopback only. */
  kubeletHealth: 10248,
  kubeProxyMetrics: 10249,
  kubeProxyHealth: 10256,
  controllerManager: 10257,
  scheduler: 10259,
  /** On loopback only; flannel itself has no port of its own for it. */
  flanneldHealth: 8473,
  /** Serves the NFS server's ports to clients: TCP and UDP. */
  rpcbind: 111,
  nfs: 2049,
} as const;

/** Number that marks a route to pods as ours (`proto` of ip-route(8)); no routing daemon uses it. */
export const POD_ROUTE_PROTOCOL = '86';

/** Folder of our binaries. Not in sudo's secure_path on CentOS: commands use absolute paths. */
export const binaryFolder = '/usr/local/bin';

/** Where a binary of ours is installed: `binaryPath('kubelet')` is `/usr/local/bin/kubelet`. */
export const binaryPath = (name: string): string => `${binaryFolder}/${name}`;

export const paths = {
  unitFolder: '/etc/systemd/system',
  kubernetes: '/etc/kubernetes',
  /** Certificates and keys of everything but etcd itself. */
  pki: '/etc/kubernetes/pki',
  adminConf: '/etc/kubernetes/admin.conf',
  balancer: '/etc/kubernetes/balancer',
  balancerConfig: '/etc/kubernetes/balancer/haproxy.cfg',
  keepalived: '/etc/kubernetes/keepalived',
  keepalivedConfig: '/etc/kubernetes/keepalived/keepalived.conf',
  keepalivedCheck: '/etc/kubernetes/keepalived/check.sh',
  kubeletConf: '/etc/kubernetes/kubelet.conf',
  controllerManagerConf: '/etc/kubernetes/controller-manager.conf',
  schedulerConf: '/etc/kubernetes/scheduler.conf',
  proxyConf: '/etc/kubernetes/proxy.conf',
  flannelConf: '/etc/kubernetes/flannel.conf',
  /** What flannel is told of the network of pods. */
  flannelNetwork: '/etc/kubernetes/flannel-network.json',
  /** Name and place as in the course; read by the apiserver at its start only. */
  tokens: '/etc/kubernetes/pki/tokens.csv',
  encryptionConfig: '/etc/kubernetes/encryption-config.yaml',
  /** The pod range of every node, and through whom it is reached; the same on all nodes. */
  podRoutes: '/etc/kubernetes/pod-routes',
  auditPolicy: '/etc/kubernetes/audit-policy.yaml',
  admissionConfig: '/etc/kubernetes/admission-config.yaml',
  /** 0700: the apiserver creates its audit log world-readable. */
  auditFolder: '/var/log/kubernetes/audit',
  auditLog: '/var/log/kubernetes/audit/audit.log',
  etcdConfigFolder: '/etc/etcd',
  /** etcd's own keys, owned by user etcd, which cannot read those of root under `pki`. */
  etcdPki: '/etc/etcd/pki',
  /** There once the member has had data: it is never started without it again, but after it was added anew. */
  etcdStarted: '/etc/etcd/started',
  /** Options that count at a member's first start only. */
  etcdBootEnv: '/etc/etcd/boot.env',
  etcdData: '/var/lib/etcd',
  /** Snapshots that a member takes by itself; root's alone, for they hold Secrets. */
  etcdBackups: '/var/lib/etcd-backup',
  etcdBackupScript: '/etc/etcd/backup.sh',
  kubelet: '/var/lib/kubelet',
  kubeletConfig: '/var/lib/kubelet/config.yaml',
  kubeProxy: '/var/lib/kube-proxy',
  kubeProxyConfig: '/var/lib/kube-proxy/config.yaml',
  cniBin: '/opt/cni/bin',
  cniConfig: '/etc/cni/net.d',
  cniBridge: '/etc/cni/net.d/10-bridge.conflist',
  dockerConfig: '/etc/docker/daemon.json',
  containerdConfig: '/etc/containerd/config.toml',
  containerdSocket: '/run/containerd/containerd.sock',
  modulesLoad: '/etc/modules-load.d/k8s-bootstrap.conf',
  sysctl: '/etc/sysctl.d/99-k8s-bootstrap.conf',
  /** Our own state on a host: which cluster it belongs to, the manifest of written files, the lock. */
  state: '/var/lib/k8s-bootstrap',
  cluster: '/var/lib/k8s-bootstrap/cluster',
  /** What a run holds while it works on a host, by `flock`; the file beside it says who holds it, and ends in a token. */
  lock: '/var/lib/k8s-bootstrap/lock',
  lockOwner: '/var/lib/k8s-bootstrap/lock.owner',
  manifest: '/var/lib/k8s-bootstrap/manifest',
  /** What was opened in firewalld, so that it can be closed. */
  firewall: '/var/lib/k8s-bootstrap/firewall',
  /** Since when the cluster is what a snapshot had: what watches the API was started after that, or is started anew. */
  restored: '/var/lib/k8s-bootstrap/restored',
} as const;

/** System users that own files of ours. */
export const users = { root: 'root', etcd: 'etcd' } as const;

/** The unit whose file a path is: `etcd.service`; `undefined` for any other file. */
export const unitIn = (path: string): string | undefined =>
  /^\/etc\/systemd\/system\/([^/]+\.(?:service|timer))$/.exec(path)?.[1];
