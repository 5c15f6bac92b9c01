import type { Host, Inventory } from '../../inventory/types.ts';
import { quote } from '../../kernel/quote.ts';
import { leafFiles } from '../../phases/shared/certificates.ts';
import { balancesLocally, sharesAddress } from '../../phases/shared/topology.ts';
import { adminFiles, clientCaFile } from '../../phases/trust/authorities.ts';
import { caFilesOf, rolesOf } from '../../pki/profiles.ts';
import { CA_IDS, LEAF_IDS, type LeafId } from '../../pki/spec.ts';
import { paths, ports } from '../../kernel/host-paths.ts';
import type { Watch } from '../../probe/observe.ts';

/** A file of certificates on a host, as it may be there. */
export interface Source {
  readonly file: string;
  /** Name in `pki/profiles.yaml`; `undefined` for authorities and copies. */
  readonly name: LeafId | undefined;
  readonly served: Endpoint | undefined;
}

/** Where a process answers with a certificate. */
export interface Endpoint {
  /** `address:port`, on the host itself. */
  readonly address: string;
  readonly unit: string;
  /** Whether it wants a certificate of its clients, and would log one that comes without. */
  readonly mutual: boolean;
}

/** Every file that may hold certificates on a host. */
export const sourcesOf = (inventory: Inventory, host: Host): Source[] => {
  const isMaster = host.roles.includes('master');
  const isMember = host.roles.includes('etcd');
  const authorities = new Set([
    ...(isMaster ? CA_IDS.map((id) => caFilesOf(id).certificate) : []),
    ...(host.roles.includes('worker') ? [caFilesOf('cluster').certificate] : []),
    ...(isMember ? [caFilesOf('etcd').certificate, `${paths.etcdPki}/ca.crt`] : []),
    ...(isMaster ? [clientCaFile, adminFiles[0]] : []),
  ]);
  const absent: readonly LeafId[] = inventory.network.cni === 'flannel' ? ['admin'] : ['admin', 'flannel'];
  const leafs = LEAF_IDS.filter(
    (id) =>
      !absent.includes(id) &&
      (id !== 'balancer' || balancesLocally({ inventory }) || sharesAddress({ inventory }, host)) &&
      rolesOf(id).some((role) => host.roles.includes(role)),
  );
  return [
    ...[...authorities].map((file) => ({ file, name: undefined, served: undefined })),
    ...leafs.map((name) => ({
      file: leafFiles(name).certificate,
      name,
      served: endpointOf(name, inventory, host),
    })),
  ];
};

/** Servers whose certificate is in no file: made by themselves at each start, good for health checks on loopback. */
export const ownMakers = (host: Host): Endpoint[] =>
  host.roles.includes('master')
    ? [
        {
          address: `127.0.0.1:${ports.controllerManager}`,
          unit: 'kube-controller-manager.service',
          mutual: false,
        },
        { address: `127.0.0.1:${ports.scheduler}`, unit: 'kube-scheduler.service', mutual: false },
      ]
    : [];

/** Everything to ask of a host, in the exec that looks at it anyway: its files, its kubeconfigs, its own ports. */
export function questionsTo(inventory: Inventory, host: Host): Watch[] {
  const sources = sourcesOf(inventory, host);
  const endpoints = [...sources.flatMap(({ served }) => served ?? []), ...ownMakers(host)];
  return [
    ...sources.map(({ file }) => ({ kind: 'file', key: file, read: 'content' }) as const),
    ...endpoints.map((endpoint) => question(endpoint)),
    { kind: 'answer', key: KUBECONFIGS, script: kubeconfigScript },
  ];
}

export const servedKey = ({ address }: Endpoint): string => `served:${address}`;

/** What `ownMakers` and files are compared with, when there is nothing on the host to ask with. */
export const NO_OPENSSL = 'no openssl';

/** Names the kubeconfigs of the host, each followed by the certificate it embeds, if any; never a key. */
export const KUBECONFIGS = 'kubeconfig-certificates';

function endpointOf(name: LeafId, { apiServer }: Inventory, { ip }: Host): Endpoint | undefined {
  const server = SERVERS[name];
  if (!server) return undefined;
  const { port = apiServer.port, unit, mutual = false } = server;
  return { address: `${ip}:${port}`, unit, mutual };
}

const SERVERS: Readonly<Partial<Record<LeafId, { port?: number; unit: string; mutual?: boolean }>>> = {
  apiserver: { unit: 'kube-apiserver.service' },
  'etcd-server': { port: ports.etcdClient, unit: 'etcd.service', mutual: true },
  'etcd-peer': { port: ports.etcdPeer, unit: 'etcd.service', mutual: true },
  'kubelet-server': { port: ports.kubelet, unit: 'kubelet.service' },
};

/** The first certificate in what a server sends; nobody verifies it here. https://docs.openssl.org/1.0.2/man1/s_client/ */
function question(endpoint: Endpoint): Watch {
  const { certificate, key } = leafFiles('etcd-healthcheck-client');
  const identity = endpoint.mutual ? ` -cert ${quote(certificate)} -key ${quote(key)}` : '';
  return {
    kind: 'answer',
    key: servedKey(endpoint),
    slow: true,
    script: `if command -v openssl > /dev/null; then
  timeout 20 openssl s_client -connect ${quote(endpoint.address)}${identity} < /dev/null 2> /dev/null |
    sed -n '/^-----BEGIN CERTIFICATE/,/^-----END CERTIFICATE/p'
else echo ${quote(NO_OPENSSL)}; fi`,
  };
}

const kubeconfigs = [
  paths.adminConf,
  paths.controllerManagerConf,
  paths.schedulerConf,
  paths.kubeletConf,
  paths.proxyConf,
  paths.flannelConf,
];

const kubeconfigScript = `for f in ${kubeconfigs.map(quote).join(' ')}; do
  [ -f "$f" ] || continue
  echo "== $f"
  sed -n 's/^ *client-certificate-data: *//p' "$f"
done`;
