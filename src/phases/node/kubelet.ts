import { dump } from 'js-yaml';
import type { Host } from '../../inventory/types.ts';
import { resolversOf } from '../../facts/resolv-conf.ts';
import { caFilesOf } from '../../pki/profiles.ts';
import { binaryPath, paths, ports } from '../../kernel/host-paths.ts';
import { sh } from '../../kernel/quote.ts';
import { directory, file, fileId } from '../../resources/file.ts';
import { releaseBinary } from '../shared/binaries.ts';
import { leaf, leafFiles, leafId, leafPaths } from '../shared/certificates.ts';
import { kubeletRoot } from '../shared/data-folders.ts';
import { apiForNode, apiHost, isReserved, nodes } from '../shared/topology.ts';
import { component } from '../shared/component.ts';
import type { Phase, World } from '../phase.ts';
import { kubeletClientCaOf } from '../trust/authorities.ts';
import { cgroupDriver, containerEndpoint, keepsLogins, runtimeUnit } from './runtime.ts';
import { NODES, kubectl, nodesAmong, nodesIn } from '../../resources/cluster/kube-api.ts';
import { healthGate } from '../shared/health-gate.ts';
import { hostKubeconfig } from '../shared/host-kubeconfig.ts';
import { mergedConfig } from './merged-config.ts';

const TLS_CIPHERS = [
  'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256',
  'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
  'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384',
  'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384',
];

export const kubeletPhase: Phase = {
  id: 'kubelet',
  title: 'kubelet',
  batch: 'canary',
  hosts: nodes,
  resources(world, host) {
    const { rootDir } = world.inventory.kubelet;
    return [
      releaseBinary(world, host, 'kubelet'),
      ...folders(world, host).map((path) => directory({ path, mayBeLink: true })),
      directory({ path: `${paths.kubelet}/pki`, mode: '0700' }),
      leaf(world, host, 'kubelet-client'),
      leaf(world, host, 'kubelet-server'),
      file({
        path: paths.kubeletConf,
        content: () =>
          hostKubeconfig(
            world,
            apiForNode(world, host),
            `system:node:${host.name}`,
            leafFiles('kubelet-client'),
          ),
        mode: '0600',
      }),
      file({ path: paths.kubeletConfig, content: () => kubeletConfig(world, host) }),
      ...component(world, host, {
        name: 'kubelet',
        binary: binaryPath('kubelet'),
        values: {
          ip: host.ip,
          pauseImage: world.inventory.images.pause,
          hostnameOverride: world.facts(host.name).hostname === host.name ? undefined : host.name,
          containerRuntime: containerEndpoint(world, host) === undefined ? undefined : 'remote',
          containerEndpoint: containerEndpoint(world, host),
          rootDir,
          // A reserved master must not get a pod between its registration and its taint.
          firstTaints: isReserved(world, host) ? 'node-role.kubernetes.io/master=:NoSchedule' : undefined,
        },
        context: { runtimeUnit: runtimeUnit(world, host) },
        extraArgs: world.inventory.kubelet.extraArgs,
        restartOn: [
          leafId('kubelet-client'),
          leafId('kubelet-server'),
          ...[paths.kubeletConf, paths.kubeletConfig, ...trusted(world)].map(fileId),
        ],
        inputs: [
          ...leafPaths('kubelet-client'),
          ...leafPaths('kubelet-server'),
          paths.kubeletConf,
          paths.kubeletConfig,
          ...trusted(world),
        ],
        lacks: hasNode(world, host) === false ? 'the cluster has no Node of it' : undefined,
      }),
    ];
  },
  gates: (world, host) => [
    healthGate(host, 'kubelet', `http://127.0.0.1:${ports.kubeletHealth}/healthz`),
    ...apiHost(world).map(({ name: at }) => ({
      title: `node ${host.name} is registered`,
      at,
      watches: [{ kind: 'object', key: NODES } as const],
      judge: (seen: Parameters<ReturnType<typeof healthGate>['judge']>[0]) =>
        nodesIn(seen)?.has(host.name) ? undefined : 'not yet',
      condition: `${kubectl} ${sh`get node ${host.name}`}`,
      timeoutSeconds: 60,
      units: ['kubelet.service'],
    })),
  ],
};

/** Without one that the phase of the runtime makes. */
function folders(world: World, host: Host): string[] {
  const all = [paths.kubelet, kubeletRoot(world.inventory)];
  const made = keepsLogins(world, host) ? kubeletRoot(world.inventory) : undefined;
  return [...new Set(all)].filter((path) => path !== made);
}

/**
 * A kubelet makes its Node at its start only: of one that was deleted while it ran it would say "not found" for ever.
 * `undefined` while no master tells.
 */
const hasNode = (world: World, host: Host): boolean | undefined =>
  nodesAmong(apiHost(world).map(({ name }) => world.seen(name)))?.has(host.name);

const trusted = (world: World): string[] => [
  ...new Set([caFilesOf('cluster').certificate, kubeletClientCaOf(world)]),
];

/** https://kubernetes.io/docs/reference/config-api/kubelet-config.v1beta1/ as 1.16 has it. */
function kubeletConfig(world: World, host: Host): string {
  const { inventory } = world;
  const hardened = inventory.profile !== 'course';
  return dump(
    mergedConfig(
      {
        apiVersion: 'kubelet.config.k8s.io/v1beta1',
        kind: 'KubeletConfiguration',
        authentication: {
          anonymous: { enabled: !hardened },
          webhook: { enabled: true },
          x509: { clientCAFile: kubeletClientCaOf(world) },
        },
        authorization: { mode: 'Webhook' },
        cgroupDriver: cgroupDriver(world, host),
        clusterDNS: [inventory.network.dnsIP],
        clusterDomain: inventory.network.clusterDomain,
        evictionHard: {
          'memory.available': '200Mi',
          'nodefs.available': '10%',
          'nodefs.inodesFree': '5%',
          'imagefs.available': '15%',
        },
        failSwapOn: inventory.os.swap === 'off',
        healthzBindAddress: '127.0.0.1',
        healthzPort: ports.kubeletHealth,
        maxPods: 110,
        readOnlyPort: 0,
        resolvConf: resolversOf(world.facts(host.name)).file,
        tlsCertFile: leafFiles('kubelet-server').certificate,
        tlsPrivateKeyFile: leafFiles('kubelet-server').key,
        ...(hardened
          ? {
              makeIPTablesUtilChains: true,
              protectKernelDefaults: true,
              streamingConnectionIdleTimeout: '4h0m0s',
              tlsCipherSuites: TLS_CIPHERS,
            }
          : {}),
        ...(inventory.profile === 'cis' ? { eventRecordQPS: 0 } : {}),
      },
      inventory.kubelet.config,
    ),
    { sortKeys: true },
  );
}
