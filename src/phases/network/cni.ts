import { BootstrapError } from '../../kernel/errors.ts';
import type { Host } from '../../inventory/types.ts';
import { oncePer } from '../../kernel/once-per.ts';
import { paths } from '../../kernel/host-paths.ts';
import { firstNetwork } from '../../resources/foreign/first-network.ts';
import { directory, file } from '../../resources/file.ts';
import type { Watch } from '../../probe/observe.ts';
import type { Resource } from '../../resources/resource.ts';
import { archiveBinary } from '../shared/binaries.ts';
import { nodes } from '../shared/topology.ts';
import { factsWatches } from '../../facts/facts.ts';
import type { Phase, World } from '../phase.ts';
import { podRanges, routeTellers } from './pod-ranges.ts';
import { podRouteTable, podRoutes } from '../../resources/pod-routes.ts';
import { NETWORK_POLICIES, NODES } from '../../resources/kube-api.ts';

/** What pods need to have a network: the plugins, and with `cni: bridge` a bridge on each node and routes between them. */
export const cniPhase: Phase = {
  id: 'cni',
  title: 'Pod network',
  batch: 'parallel',
  hosts: nodes,
  watch: (world, host): Watch[] => [
    ...factsWatches(),
    ...(host.roles.includes('master')
      ? [NODES, NETWORK_POLICIES].map((key) => ({ kind: 'object', key }) as const)
      : []),
    ...(routeTellers(world).includes(host)
      ? [{ kind: 'file', key: paths.podRoutes, read: 'content' } as const]
      : []),
  ],
  resources: (world, host) => [
    ...['/opt/cni', paths.cniBin, '/etc/cni', paths.cniConfig].map((path) => directory({ path })),
    ...PLUGINS.map((plugin) =>
      archiveBinary(
        world,
        host,
        { name: 'cni-plugins', version: world.inventory.network.cniVersion },
        plugin,
        paths.cniBin,
      ),
    ),
    ...(world.inventory.network.cni === 'bridge' ? bridge(world, host) : []),
  ],
};

const PLUGINS = ['bridge', 'host-local', 'loopback', 'portmap'];

function bridge(world: World, host: Host): Resource[] {
  return [
    file({ path: paths.cniBridge, content: bridgeConfig(rangeOf(world, host)) }),
    firstNetwork(),
    ...podRoutes({
      ip: host.ip,
      podCIDR: world.inventory.network.podCIDR,
      table: routeTable(world),
      acceptedDropIns: world.inventory.os.acceptDropIns,
    }),
  ];
}

function rangeOf(world: World, { name }: Host): string {
  const range = podRanges(world).get(name);
  if (range === undefined) throw new BootstrapError('E_BUG', `${name} has no pod range`);
  return range;
}

/** The same text on every node. */
const routeTable = oncePer((world: World): string =>
  podRouteTable(
    world.inventory.network.podCIDR,
    nodes(world).map((node) => ({ to: rangeOf(world, node), via: node.ip })),
  ),
);

/**
 * Without `cniVersion` kubelet 1.16 takes the file for none. NAT is left to the node's own rule: that of the plugin
 * would hide a pod's address from pods on other nodes.
 * https://www.cni.dev/plugins/current/main/bridge/
 */
const bridgeConfig = (range: string): string => {
  const bridgePlugin = {
    type: 'bridge',
    bridge: 'cni0',
    isGateway: true,
    forceAddress: true,
    ipMasq: false,
    hairpinMode: true,
    ipam: { type: 'host-local', ranges: [[{ subnet: range }]], routes: [{ dst: '0.0.0.0/0' }] },
  };
  const portmap = { type: 'portmap', capabilities: { portMappings: true } };
  return `${JSON.stringify({ cniVersion: '0.3.1', name: 'k8s-bootstrap', plugins: [bridgePlugin, portmap] }, null, 2)}\n`;
};
