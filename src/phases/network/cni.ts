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
import { podRouteTable, podRoutes } from '../../resources/network/pod-routes.ts';
import { NETWORK_POLICIES, NODES } from '../../resources/cluster/kube-api.ts';
import { withoutFlannel } from '../../resources/network/flannel.ts';

/**
 * What pods need to have a network: the plugins, and a bridge on each node. Between nodes there are routes with
 * `cni: bridge`; with `flannel` that is a phase of its own, for it reads from the API what node has what range.
 */
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
    ...['/opt/cni', paths.cniBin].map((path) => directory({ path })),
    ...PLUGINS.map((plugin) =>
      archiveBinary(
        world,
        host,
        { name: 'cni-plugins', version: world.inventory.network.cniVersion },
        plugin,
        paths.cniBin,
      ),
    ),
    ...(world.inventory.network.cni === 'flannel' ? [] : [withoutFlannel()]),
    ...(world.inventory.network.cni === 'none' ? [] : bridge(world, host)),
  ],
};

const PLUGINS = ['bridge', 'host-local', 'loopback', 'portmap'];

function bridge(world: World, host: Host): Resource[] {
  return [
    file({ path: paths.cniBridge, content: bridgeConfig(rangeOf(world, host), mtuOf(world, host)) }),
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

/** The same text on every node. Where flannel sets the routes, none is ours. */
const routeTable = oncePer((world: World): string => {
  const { cni, podCIDR } = world.inventory.network;
  const routed = cni === 'bridge' ? nodes(world) : [];
  return podRouteTable(
    podCIDR,
    routed.map((node) => ({ to: rangeOf(world, node), via: node.ip })),
  );
});

/** What a packet of vxlan has around that of a pod: Ethernet, IP, UDP and its own header. RFC 7348, section 5. */
const VXLAN_HEADERS = 50;

/** As flannel counts it. Where it is left out, the kernel's own is taken, as the interface of a node mostly has it. */
function mtuOf(world: World, { name, ip }: Host): number | undefined {
  const { addresses, mtus } = world.facts(name);
  const outer = mtus.get(addresses.find((one) => one.ip === ip)?.interface ?? '');
  const { cni, flannel } = world.inventory.network;
  if (cni !== 'flannel' || outer === undefined) return undefined;
  return flannel?.backend === 'vxlan' ? outer - VXLAN_HEADERS : outer;
}

/**
 * Without `cniVersion` kubelet 1.16 takes the file for none. NAT is left to the node's own rule: that of the plugin
 * would hide a pod's address from pods on other nodes.
 * https://www.cni.dev/plugins/current/main/bridge/
 */
const bridgeConfig = (range: string, mtu: number | undefined): string => {
  const bridgePlugin = {
    type: 'bridge',
    bridge: 'cni0',
    isGateway: true,
    forceAddress: true,
    ipMasq: false,
    hairpinMode: true,
    ...(mtu === undefined ? {} : { mtu }),
    ipam: { type: 'host-local', ranges: [[{ subnet: range }]], routes: [{ dst: '0.0.0.0/0' }] },
  };
  const portmap = { type: 'portmap', capabilities: { portMappings: true } };
  return `${JSON.stringify({ cniVersion: '0.3.1', name: 'k8s-bootstrap', plugins: [bridgePlugin, portmap] }, null, 2)}\n`;
};
