import { dump } from 'js-yaml';
import type { Host } from '../../inventory/types.ts';
import { caFilesOf } from '../../pki/profiles.ts';
import { binaryPath, paths, ports } from '../../kernel/host-paths.ts';
import { directory, file, fileId } from '../../resources/file.ts';
import { withoutProxyRules } from '../../resources/network/proxy-rules.ts';
import type { Resource } from '../../resources/resource.ts';
import { releaseBinary } from '../shared/binaries.ts';
import { leaf, leafFiles, leafId, leafPaths } from '../shared/certificates.ts';
import { apiForNode, balancesLocally, nodes } from '../shared/topology.ts';
import { component } from '../shared/component.ts';
import type { Phase, World } from '../phase.ts';
import { healthGate } from '../shared/health-gate.ts';
import { hostKubeconfig } from '../shared/host-kubeconfig.ts';
import { withoutBalancer } from './balancer.ts';
import { ipvsWatches, proxyModeGate } from './ipvs.ts';
import { mergedConfig } from './merged-config.ts';

const ca = caFilesOf('cluster').certificate;

export const kubeProxyPhase: Phase = {
  id: 'kube-proxy',
  title: 'kube-proxy',
  batch: 'canary',
  hosts: nodes,
  watch: ({ inventory }) => ipvsWatches(inventory),
  resources: (world, host) => [
    releaseBinary(world, host, 'kube-proxy'),
    directory({ path: paths.kubeProxy }),
    leaf(world, host, 'kube-proxy'),
    file({
      path: paths.proxyConf,
      content: () =>
        hostKubeconfig(world, apiForNode(world, host), 'system:kube-proxy', leafFiles('kube-proxy')),
      mode: '0600',
    }),
    file({ path: paths.kubeProxyConfig, content: () => proxyConfig(world, host) }),
    otherModesRules(world),
    ...component(world, host, {
      name: 'kube-proxy',
      binary: binaryPath('kube-proxy'),
      values: {},
      context: {},
      extraArgs: world.inventory.kubeProxy.extraArgs,
      restartOn: [
        leafId('kube-proxy'),
        ...[paths.proxyConf, paths.kubeProxyConfig, ca].map(fileId),
        otherModesRules(world).id,
      ],
      inputs: [...leafPaths('kube-proxy'), paths.proxyConf, paths.kubeProxyConfig, ca],
    }),
    // Here, because kubelet and kube-proxy dial it no more by now.
    ...(balancesLocally(world) ? [] : [withoutBalancer()]),
  ],
  gates: ({ inventory }, host) => [
    healthGate(host, 'kube-proxy', `http://127.0.0.1:${ports.kubeProxyHealth}/healthz`),
    ...(inventory.network.proxyMode === 'ipvs' ? [proxyModeGate(host.name)] : []),
  ],
};

const otherModesRules = ({ inventory }: World): Resource =>
  withoutProxyRules({
    mode: inventory.network.proxyMode === 'ipvs' ? 'iptables' : 'ipvs',
    binary: binaryPath('kube-proxy'),
  });

/** https://kubernetes.io/docs/reference/config-api/kube-proxy-config.v1alpha1/ as 1.16 has it. */
function proxyConfig(world: World, host: Host): string {
  const { network, kubeProxy } = world.inventory;
  return dump(
    mergedConfig(
      {
        apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
        kind: 'KubeProxyConfiguration',
        bindAddress: '0.0.0.0',
        clientConnection: { kubeconfig: paths.proxyConf },
        clusterCIDR: network.podCIDR,
        healthzBindAddress: `127.0.0.1:${ports.kubeProxyHealth}`,
        // The name kubelet registers, or endpoints on this node are not known for local.
        hostnameOverride: host.name,
        metricsBindAddress: `127.0.0.1:${ports.kubeProxyMetrics}`,
        mode: network.proxyMode,
      },
      kubeProxy.config,
    ),
    { sortKeys: true },
  );
}
