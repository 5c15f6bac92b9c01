import { caFilesOf } from '../../pki/profiles.ts';
import type { LeafId } from '../../pki/spec.ts';
import { binaryPath, paths } from '../../kernel/host-paths.ts';
import { kubectl } from '../../resources/cluster/kube-api.ts';
import { directory, file, fileId } from '../../resources/file.ts';
import type { Resource } from '../../resources/resource.ts';
import { releaseBinary } from '../shared/binaries.ts';
import { leaf, leafId, leafPaths } from '../shared/certificates.ts';
import { hostFile } from '../../templates/host-files.ts';
import { etcdServers, sharesAddress, withRole } from '../shared/topology.ts';
import { component } from '../shared/component.ts';
import { whatFailed } from '../shared/health-gate.ts';
import { outsideEtcdFiles } from '../etcd/outside.ts';
import type { Phase, World } from '../phase.ts';
import { encryptionConfig } from './encryption-config.ts';
import { tokenFileOf, tokensPath } from './user-tokens.ts';
import { clientCaFile, serviceAccountPublicFile } from '../trust/authorities.ts';

/** That for an etcd of somebody else's is given, and comes with phase `outside-etcd`. */
const leafsOf = ({ inventory }: World): LeafId[] => [
  'apiserver',
  'apiserver-kubelet-client',
  ...(inventory.etcd.outside ? [] : (['apiserver-etcd-client'] as const)),
  'front-proxy-client',
];

export const apiserverPhase: Phase = {
  id: 'apiserver',
  title: 'kube-apiserver',
  batch: 'rolling',
  mustStand: () => 1,
  hosts: (world) => withRole(world, 'master'),
  resources(world, host) {
    const { inventory } = world;
    const leafs = leafsOf(world);
    const configs = configFiles(world);
    const tokens = tokenFileOf(world, host);
    const trusted = [
      clientCaFile,
      serviceAccountPublicFile,
      caFilesOf('cluster').certificate,
      caFilesOf('etcd').certificate,
      caFilesOf('front-proxy').certificate,
      ...(inventory.etcd.outside ? [outsideEtcdFiles.certificate, outsideEtcdFiles.key] : []),
    ];
    return [
      releaseBinary(world, host, 'kube-apiserver'),
      releaseBinary(world, host, 'kubectl', inventory.kubernetes.kubectl),
      ...leafs.map((id) => leaf(world, host, id)),
      ...(inventory.profile === 'course'
        ? []
        : [
            directory({ path: '/var/log/kubernetes', mode: '0700' }),
            directory({ path: paths.auditFolder, mode: '0700' }),
          ]),
      ...configs,
      tokens.resource,
      ...component(world, host, {
        name: 'kube-apiserver',
        binary: binaryPath('kube-apiserver'),
        values: {
          ip: host.ip,
          // An address that comes and goes can be listened on by no other way.
          bindAddress: sharesAddress(world, host) ? '0.0.0.0' : host.ip,
          apiPort: String(inventory.apiServer.port),
          etcdServers: etcdServers(world, host),
          serviceCIDR: inventory.network.serviceCIDR,
          nodePortRange: inventory.network.nodePortRange,
          tokensFile: tokens.wanted ? tokensPath : undefined,
        },
        context: {},
        extraArgs: inventory.apiServer.extraArgs,
        restartOn: [
          ...leafs.map(leafId),
          ...configs.map(({ id }) => id),
          ...trusted.map(fileId),
          tokens.resource.id,
        ],
        inputs: [
          ...leafs.flatMap(leafPaths),
          ...configs.flatMap(({ owns }) => owns ?? []),
          ...trusted,
          // Whether it reads it or not: what is asked of a unit may not depend on what was seen.
          tokensPath,
        ],
      }),
    ];
  },
  gates: (_world, host) => [
    {
      title: 'kube-apiserver answers /healthz',
      at: host.name,
      watches: [{ kind: 'object', key: '/healthz' }],
      judge: (seen) => {
        const { status, body } = seen.object('/healthz') ?? { status: 0, body: undefined };
        if (status === 200) return undefined;
        if (status === 0) return 'no answer';
        return `HTTP ${status} ${typeof body === 'string' ? whatFailed(body) : ''}`.trim();
      },
      condition: `${kubectl} --request-timeout=3s get --raw /healthz`,
      timeoutSeconds: 90,
      units: ['kube-apiserver.service'],
    },
  ],
};

/** What the hardened profiles have it read beside its flags. */
function configFiles(world: World): Resource[] {
  if (world.inventory.profile === 'course') return [];
  return [
    file({ path: paths.auditPolicy, content: hostFile('audit-policy.yaml') }),
    file({ path: paths.encryptionConfig, content: encryptionConfig(world), secret: true }),
    ...(world.inventory.profile === 'cis'
      ? [file({ path: paths.admissionConfig, content: hostFile('admission-config.yaml') })]
      : []),
  ];
}
