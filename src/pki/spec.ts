/** The four authorities of a cluster, by the keys of `pki/profiles.yaml`. */
export const CA_IDS = ['cluster', 'etcd', 'front-proxy', 'users'] as const;
export type CaId = (typeof CA_IDS)[number];

/** Certificates that belong to a component or to the administrator, by the keys of `pki/profiles.yaml`. */
export const LEAF_IDS = [
  'apiserver',
  'apiserver-kubelet-client',
  'apiserver-etcd-client',
  'front-proxy-client',
  'etcd-server',
  'etcd-peer',
  'etcd-healthcheck-client',
  'controller-manager',
  'scheduler',
  'balancer',
  'kube-proxy',
  'flannel',
  'kubelet-client',
  'kubelet-server',
  'admin',
] as const;
export type LeafId = (typeof LEAF_IDS)[number];

/** Extended key usage: serverAuth, clientAuth. */
export type Usage = 'server' | 'client';

/** Everything that decides about one certificate but its key, its serial number and the hour it is made. */
export interface CertificateSpec {
  readonly id: LeafId | 'user';
  readonly ca: CaId;
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly usages: readonly Usage[];
  /** Lower-case ASCII names, without duplicates. */
  readonly dnsNames: readonly string[];
  /** Canonical IPv4 and IPv6 addresses, without duplicates. */
  readonly ips: readonly string[];
  readonly days: number;
  readonly backdateMinutes: number;
}

/** The same for the self-signed certificate of an authority. */
export interface CaSpec {
  readonly id: CaId;
  readonly commonName: string;
  readonly usages: readonly Usage[];
  readonly days: number;
  readonly backdateMinutes: number;
}

/** Certificates and authorities with less time left than this need attention. */
export const WARN_DAYS = 30;
