import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SubjectContext } from '../../src/pki/profiles.ts';
import { specFor, specForUser } from '../../src/pki/profiles.ts';
import type { CaId, CertificateSpec, LeafId } from '../../src/pki/spec.ts';
import { CA_IDS, LEAF_IDS } from '../../src/pki/spec.ts';
import { openPkiStore } from '../../src/pki/open-pki-store.ts';
import type { Made } from './certificate-fields.ts';

/** A master of a small cluster, the same for whoever makes certificates for it. */
export const subject: SubjectContext = {
  node: { name: 'm1', ips: ['10.0.0.11'] },
  masters: { names: ['m1'], ips: ['10.0.0.11'] },
  serviceIp: '10.96.0.1',
  clusterDomain: 'cluster.local',
  endpoint: 'api.example',
  extraSans: ['extra.example', '10.0.0.99'],
};

export type TreeId = CaId | LeafId | 'user';

/** One certificate of every kind that the product makes, in a state folder of its own. */
export async function trustTree(folder: string): Promise<Map<TreeId, Made>> {
  const at = new Date();
  const store = openPkiStore(folder, { now: () => at });
  await store.ensure();
  const caPem = (id: CaId): string => store.caPem(id) ?? '';
  const authorities = CA_IDS.map(
    (id) =>
      [id, { certificate: caPem(id), ca: caPem(id), key: store.caKey(id)?.reveal() ?? '', at }] as const,
  );
  const specs: CertificateSpec[] = [
    ...LEAF_IDS.map((id) => specFor(id, subject)),
    specForUser('jane', ['devs']),
  ];
  const leafs = await Promise.all(
    specs.map(async (spec) => {
      const { certificate, key } = await store.issue(spec);
      return [spec.id, { certificate, ca: caPem(spec.ca), key: key.reveal(), at }] as const;
    }),
  );
  return new Map<TreeId, Made>([...authorities, ...leafs]);
}

/** Where kubeadm puts what has a counterpart here: below its folder of certificates, or inside a kubeconfig. */
export const KUBEADM_FILES: Readonly<Partial<Record<TreeId, string>>> = {
  cluster: 'ca.crt',
  etcd: 'etcd/ca.crt',
  'front-proxy': 'front-proxy-ca.crt',
  apiserver: 'apiserver.crt',
  'apiserver-kubelet-client': 'apiserver-kubelet-client.crt',
  'apiserver-etcd-client': 'apiserver-etcd-client.crt',
  'front-proxy-client': 'front-proxy-client.crt',
  'etcd-server': 'etcd/server.crt',
  'etcd-peer': 'etcd/peer.crt',
  'etcd-healthcheck-client': 'etcd/healthcheck-client.crt',
  'controller-manager': 'controller-manager.conf',
  scheduler: 'scheduler.conf',
  'kubelet-client': 'kubelet.conf',
  admin: 'admin.conf',
};

export const kubeadmTable = join(import.meta.dirname, '../golden/kubeadm/table.yaml');
export const readGolden = (name: string): string =>
  readFileSync(join(import.meta.dirname, '../golden/kubeadm', name), 'utf8');
