import { nthAddress } from '../kernel/cidr.ts';
import { resolveAddons } from './schema/addons-schema.ts';
import type { Surroundings } from './schema/fields.ts';
import type { KnownRelease } from './known.ts';
import { resolveHosts, type ResolvedHosts } from './resolve-hosts.ts';
import { resolveDns, resolveFlannel } from './schema/network-schema.ts';
import { resolveHooks } from './schema/hook-schema.ts';
import { resolveNfs } from './schema/nfs-schema.ts';
import type { WrittenInventory } from './schema/schema.ts';
import type { Balancer, Host, Inventory, OutsideEtcd } from './types.ts';
import { resolveUser } from './schema/user-schema.ts';

/** The inventory with every default that depends on another value. */
export function resolveInventory(
  written: WrittenInventory,
  file: string,
  surroundings: Surroundings,
  release: Pick<KnownRelease, 'etcd' | 'cni' | 'flannel' | 'pauseImage' | 'corednsImage'>,
): Omit<ResolvedHosts, 'hosts'> & { readonly inventory: Inventory } {
  const { hosts, origins, complaints } = resolveHosts(written, surroundings);
  const { name, profile, kubernetes, network, apiServer, artifacts, proxy } = written;
  const { keepalived } = apiServer;
  const { etcd, controllerManager, scheduler, kubelet, kubeProxy, runtime, images, os, pki, concurrency } =
    written;
  const inventory: Inventory = {
    name,
    profile,
    kubernetes: { ...kubernetes, kubectl: kubernetes.kubectl ?? kubernetes.version },
    hosts,
    network: {
      ...network,
      cniVersion: network.cniVersion ?? release.cni.version,
      dnsIP: network.dnsIP ?? tenthAddress(network.serviceCIDR),
      flannel: resolveFlannel(network, release),
    },
    dns: resolveDns(written.dns, profile, hosts, release),
    addons: resolveAddons(written.addons),
    etcd: {
      source: etcd.source,
      version: etcd.version ?? release.etcd.version,
      extraArgs: etcd.extraArgs,
      backup: etcd.backup,
      outside: outsideEtcd(etcd),
      dataDir: etcd.dataDir,
    },
    apiServer: {
      ...apiServer,
      endpoint: apiServer.endpoint ?? keepalived?.vip,
      balancer: apiServer.balancer ?? balancerFor(keepalived ? undefined : apiServer.endpoint, hosts),
      keepalived: keepalived && { vip: keepalived.vip, interface: keepalived.interface },
    },
    controllerManager,
    scheduler,
    kubelet: { ...kubelet, rootDir: kubelet.rootDir },
    kubeProxy,
    runtime: { ...runtime, dataDir: runtime.dataDir },
    images: { ...images, pause: images.pause ?? release.pauseImage, preload: images.preload },
    artifacts: { ...artifacts, checksums: artifacts.checksums, cache: artifacts.cache },
    os,
    pki: { ...pki, ca: pki.ca && { ...pki.ca, passphrase: pki.ca.passphrase } },
    users: written.users.map(resolveUser),
    nfs: written.nfs && resolveNfs(written.nfs, hosts),
    proxy: proxy && { http: proxy.http, https: proxy.https, noProxy: proxy.noProxy },
    hooks: resolveHooks(written.hooks),
    concurrency,
    file,
  };
  return { inventory, origins, complaints };
}

/** Whoever names an endpoint has put something there already; a single master leaves nothing to choose from. */
function balancerFor(endpoint: string | undefined, hosts: readonly Host[]): Balancer {
  if (endpoint !== undefined) return 'external';
  return hosts.filter(({ roles }) => roles.includes('master')).length > 1 ? 'local' : 'none';
}

/** The schema takes all four or none. */
const outsideEtcd = ({ endpoints, ca, cert, key }: WrittenInventory['etcd']): OutsideEtcd | undefined =>
  endpoints && ca !== undefined && cert !== undefined && key !== undefined
    ? { endpoints, ca, cert, key }
    : undefined;

/** kubeadm's choice too; a range without ten addresses is a rule's business. */
function tenthAddress(serviceCIDR: string): string {
  try {
    return nthAddress(serviceCIDR, 10);
  } catch {
    return '';
  }
}
