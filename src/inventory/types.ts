import type { ComponentName } from '../kernel/components.ts';
import type { Hook } from '../kernel/hook.ts';
import type { Secret } from '../kernel/secret.ts';
import type { PolicyRule, RolePreset } from '../templates/rbac.ts';

/** The inventory after schema, defaults and rules: total, frozen, nothing left to decide. */
export interface Inventory {
  readonly name: string;
  readonly profile: Profile;
  /** Versions are written as upstream tags them: `v1.16.3`. */
  readonly kubernetes: {
    readonly version: string;
    readonly kubectl: string;
    readonly controllerKubectl: boolean;
  };
  readonly hosts: readonly Host[];
  readonly network: Network;
  readonly dns: Dns;
  /** In the order in which they are made. */
  readonly addons: readonly Addon[];
  readonly etcd: Component & {
    readonly source: 'auto' | 'package' | 'archive';
    /** Of the archive: `v3.3.17`. */ readonly version: string;
    /** Snapshots that each member takes by itself, so often, and so many of them stay. */
    readonly backup: { readonly every: string; readonly keep: number } | undefined;
    /** A store that somebody else runs; `undefined` when hosts with the role `etcd` do. */
    readonly outside: OutsideEtcd | undefined;
    /** Where members keep what they must not lose. */
    readonly dataDir: string | undefined;
  };
  readonly apiServer: Component & {
    readonly port: number;
    /** Further names and addresses for the serving certificate. */
    readonly certSANs: readonly string[];
    /** Where users reach the API: a load balancer, name or moving address in front of the masters; default a master that answers. */
    readonly endpoint: string | undefined;
    /** What brings nodes to an API server that works. */
    readonly balancer: Balancer;
    /** An address that goes to a master that is well; then it is the endpoint. */
    readonly keepalived: Keepalived | undefined;
  };
  readonly controllerManager: Component;
  readonly scheduler: Component;
  readonly kubelet: Component & {
    readonly config: Readonly<Record<string, unknown>>;
    /** Volumes of pods, and kubelet's own state. */
    readonly rootDir: string | undefined;
  };
  readonly kubeProxy: Component & { readonly config: Readonly<Record<string, unknown>> };
  readonly runtime: Runtime;
  readonly images: Images;
  readonly artifacts: Artifacts;
  readonly os: OperatingSystem;
  readonly pki: {
    readonly keyBits: number;
    readonly caKeys: 'masters' | 'controller';
    /** The cluster's authority, when one exists already: files on this machine, read by the first `up`. */
    readonly ca: OwnAuthority | undefined;
    readonly renewBeforeDays: number;
  };
  /** Who gets in, beside the administrator. */
  readonly users: readonly User[];
  /** Storage for pods; `undefined` when the inventory has no `nfs:`. */
  readonly nfs: Nfs | undefined;
  readonly proxy: Proxy | undefined;
  /** Commands around a run and its phases, in their order. */
  readonly hooks: readonly Hook[];
  readonly concurrency: number;
  /** The file it came from, absolute; generated material lives beside it. */
  readonly file: string;
}

/** Where it answers, and files on this machine: with what it is verified, and who the API servers are there. */
export interface OutsideEtcd {
  readonly endpoints: readonly string[];
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

export interface OwnAuthority {
  /** PEM: the issuing certificate, then those above it up to the root. */
  readonly cert: string;
  readonly key: string;
  /** Of the key. */
  readonly passphrase: Secret | undefined;
}

export type Profile = 'secure' | 'cis' | 'course';
export type Role = 'master' | 'etcd' | 'worker' | 'nfs';
/** `local`: one on every node; `external`: the endpoint, for nodes too; `none`: nodes depend on the first master. */
export type Balancer = 'local' | 'external' | 'none';
export interface Keepalived {
  readonly vip: string;
  /** Of every master; that of the host's own address when `undefined`. */
  readonly interface: string | undefined;
}

export type RuntimeName = 'docker' | 'containerd';

export interface Host {
  /** Inventory name, node name in the cluster, and file name in the state folder. */
  readonly name: string;
  /** What SSH dials: name or address. */
  readonly address: string;
  /** The node's own IPv4 address, as the other hosts reach it. */
  readonly ip: string;
  /** Name or address by which nodes mount its exports; of an NFS server with a network of its own for that. */
  readonly nfsAddress: string | undefined;
  readonly roles: readonly Role[];
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly Taint[];
  readonly ssh: Ssh;
  readonly runtime: RuntimeName | 'auto';
  readonly setHostname: boolean;
  /** All further packages of this host, those of `os` included; likewise `sysctls`. */
  readonly packages: readonly string[];
  readonly sysctls: Readonly<Record<string, string>>;
  /** Per-host additions to component flags, by component (`kubelet`, `kube-proxy`, …). */
  readonly extraArgs: Readonly<Partial<Record<ComponentName, ExtraArgs>>>;
}

export interface Taint {
  readonly key: string;
  readonly value: string;
  readonly effect: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute';
}

export interface Ssh {
  readonly user: string;
  readonly port: number;
  /** Private key files, tried in order after the agent. */
  readonly keys: readonly string[];
  readonly agent: boolean;
  readonly passphrase: Secret | undefined;
  readonly password: Secret | undefined;
  readonly sudo: { readonly enabled: boolean; readonly password: Secret | undefined };
  /** Pinned host key, `SHA256:…` as ssh-keygen prints it. */
  readonly hostKey: string | undefined;
  /** Name of another inventory host to go through, or a host of its own. */
  readonly jump: JumpHost | undefined;
  readonly connectTimeoutSeconds: number;
  readonly commandTimeoutSeconds: number;
}

export type JumpHost = { readonly host: string } | { readonly address: string; readonly ssh: Ssh };

/** Flag values by name without dashes; `null` removes a flag that the profile sets. */
export type ExtraArgs = Readonly<Record<string, string | null>>;

export interface Component {
  readonly extraArgs: ExtraArgs;
}

export interface Network {
  readonly serviceCIDR: string;
  readonly podCIDR: string;
  readonly nodePrefix: number;
  readonly clusterDomain: string;
  readonly dnsIP: string;
  readonly nodePortRange: string;
  readonly cni: 'bridge' | 'flannel' | 'none';
  readonly cniVersion: string;
  /** `undefined` where another pod network is chosen and nothing is said of this one. */
  readonly flannel: Flannel | undefined;
  readonly proxyMode: 'iptables' | 'ipvs';
}

export interface Flannel {
  readonly backend: 'vxlan' | 'host-gw';
  /** UDP, of vxlan. */
  readonly port: number;
  readonly version: string;
}

export interface Dns {
  readonly provider: 'coredns' | 'none';
  /** Who is asked for names of the outside: addresses, or nobody; those that the nodes ask when `undefined`. */
  readonly upstream: readonly string[] | undefined;
  readonly replicas: number;
  readonly image: string;
}

/** What belongs to the cluster and is no component of it: one of `addons/catalog.yaml`. */
export interface Addon {
  readonly name: string;
  /** By the name that its objects use. */
  readonly images: Readonly<Record<string, string>>;
  /** What its objects are filled in with, defaults included. */
  readonly values: Readonly<Record<string, unknown>>;
}

export interface Runtime {
  readonly default: RuntimeName | 'auto';
  /** Registry host → mirror endpoints, tried in order (URLs). */
  readonly mirrors: Readonly<Record<string, readonly string[]>>;
  readonly insecureRegistries: readonly string[];
  /** Registry host → who the nodes are there. */
  readonly registries: Readonly<Record<string, RegistryLogin>>;
  /** Images and containers. */
  readonly dataDir: string | undefined;
  readonly restrictOomScoreAdj: boolean;
}

export interface RegistryLogin {
  readonly username: string;
  readonly password: Secret;
}

export interface Images {
  readonly pause: string;
  /** Image → the one that is pulled in its stead and given its name, on every node. */
  readonly mirrors: Readonly<Record<string, string>>;
  /** Absolute folder on this machine with archives of images that every node loads. */
  readonly preload: string | undefined;
}

export interface Artifacts {
  /** Base URLs or absolute folders, tried in order before the official ones. */
  readonly mirrors: readonly string[];
  /** Only the given mirrors are used: nothing is asked of the internet. */
  readonly onlyMirrors: boolean;
  readonly fetch: 'controller' | 'host';
  /** File of `path: checksum`, SHA-256 or SHA-512, that replaces the release's own checksums; explicit, and shown in the plan. */
  readonly checksums: string | undefined;
  readonly cache: string | undefined;
}

export interface OperatingSystem {
  readonly firewall: 'open-ports' | 'disable' | 'ignore';
  readonly selinux: 'keep' | 'permissive';
  readonly swap: 'off' | 'ignore';
  readonly packages: readonly string[];
  readonly sysctls: Readonly<Record<string, string>>;
  /** Name → address, for /etc/hosts of every host. */
  readonly hosts: Readonly<Record<string, string>>;
  /** Also the hosts of the inventory. */
  readonly hostsFromInventory: boolean;
  /** What sets the clocks of all hosts; theirs to say when empty. */
  readonly timeServers: readonly string[];
  /** Drop-ins of units of ours that stay, by path. */
  readonly acceptDropIns: readonly string[];
}

export interface Proxy {
  readonly http: string | undefined;
  readonly https: string | undefined;
  readonly noProxy: readonly string[];
}

export interface User {
  readonly name: string;
  readonly groups: readonly string[];
  /** How the user proves who it is: by client certificate, by bearer token, or by either. */
  readonly auth: 'cert' | 'token' | 'both';
  /** Life of the certificate; as `pki/profiles.yaml` has it when `undefined`. */
  readonly days: number | undefined;
  readonly role: RolePreset | OwnRules | undefined;
  /** Where the namespaced part of the role holds. */
  readonly namespaces: readonly string[];
  /** An existing ClusterRole that holds everywhere, beside the role. */
  readonly clusterRole: string | undefined;
  /** Names and groups that begin with `system:` are allowed. */
  readonly allowSystem: boolean;
  /** A token that was chosen by hand; profile `course` only. */
  readonly token: Secret | undefined;
}

/** Rights of one's own: those within the namespaces, and those everywhere. */
export interface OwnRules {
  readonly rules: readonly PolicyRule[];
  readonly clusterRules: readonly PolicyRule[];
}

/** What is exported, by whom, to whom; see exports(5): https://man7.org/linux/man-pages/man5/exports.5.html */
export interface Nfs {
  /** Names of the hosts with role `nfs`; empty when the server is an outside one. */
  readonly hosts: readonly string[];
  /** Name or address of a server that is no host of the inventory: its exports are used, not made. */
  readonly outside: string | undefined;
  /** `v4` needs a single port; `all` serves version 3 too. */
  readonly protocol: 'all' | 'v4';
  /** Where the helpers of version 3 listen, TCP and UDP. */
  readonly ports: { readonly mountd: number; readonly statd: number; readonly lockd: number };
  readonly exports: readonly NfsExport[];
  readonly provisioner: NfsProvisioner | undefined;
}

export interface NfsExport {
  /** Name of the host that has it; `undefined` on an outside server. */
  readonly host: string | undefined;
  /** Absolute and without a slash at the end; may hold blanks and any printable character. */
  readonly path: string;
  readonly clients: readonly NfsClient[];
  /** Of the folder itself, four octal digits; what is `undefined` stays as it is on a folder that is there. */
  readonly mode: string | undefined;
  readonly owner: string | undefined;
  readonly group: string | undefined;
  /** The whole world may come in as root. */
  readonly allowWorld: boolean;
  /** The folder may hold files already. */
  readonly allowExisting: boolean;
}

export interface NfsClient {
  /** A range, an address, a name, `*.domain`, `@netgroup` or `*`. */
  readonly match: string;
  /** Words as in exports(5), what is left out filled in, in one order: `rw,sync,no_root_squash,no_subtree_check`. */
  readonly options: readonly string[];
}

/** What makes a volume of every claim: a Deployment that mounts one export, and a StorageClass. */
export interface NfsProvisioner {
  readonly kind: 'nfs-client' | 'nfs-subdir';
  readonly image: string;
  readonly namespace: string;
  /** Of the Deployment and the ServiceAccount. */
  readonly name: string;
  /** Name or address that the nodes mount from. */
  readonly server: string;
  /** Path of the export. */
  readonly export: string;
  /** What the StorageClass calls it. */
  readonly provisionerName: string;
  readonly storageClass: NfsStorageClass;
}

export interface NfsStorageClass {
  readonly name: string;
  /** Claims that name no class get this one. */
  readonly default: boolean;
  readonly reclaimPolicy: 'Delete' | 'Retain';
  /** A deleted volume's folder is renamed to `archived-…` rather than removed. */
  readonly archiveOnDelete: boolean;
  readonly mountOptions: readonly string[];
}
