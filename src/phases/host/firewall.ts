import { addonData } from '../../addons/catalog.ts';
import type { Host } from '../../inventory/types.ts';
import { ports } from '../../kernel/host-paths.ts';
import { firewall } from '../../resources/network/firewall.ts';
import type { FirewallSpec } from '../../resources/network/firewall-rules.ts';
import { masqueradeRule } from '../../resources/network/pod-routes.ts';
import { stoppedService } from '../../resources/service.ts';
import { FIGURES, type Reserved, tellsOthers } from '../shared/figures.ts';
import { isNode, nodes, otherMasters, sharesAddress } from '../shared/topology.ts';
import { factsWatches } from '../../facts/facts.ts';
import { nfsPorts, nfsPortsFor } from '../nfs/ports.ts';
import type { Phase, World } from '../phase.ts';

/** Lets the cluster's own traffic through firewalld, or turns it off, or leaves it alone. */
export const firewallPhase: Phase = {
  id: 'firewall',
  title: 'Firewall',
  batch: 'parallel',
  hosts: ({ inventory }) => (inventory.os.firewall === 'ignore' ? [] : inventory.hosts),
  watch: factsWatches,
  resources: (world, host) =>
    world.inventory.os.firewall === 'disable'
      ? [stoppedService('firewalld.service')]
      : [
          firewall({
            ...opened(world, host),
            protocolsFor: betweenMasters(world, host),
            ...trusted(world, host),
          }),
        ],
};

/** Ports for everybody, those between nodes, and those of NFS for its clients as far as their addresses are known. */
export function opened(world: World, host: Host): Pick<FirewallSpec, 'ports' | 'portsFor'> {
  const portsFor = nfsPortsFor(world.inventory, host);
  const own = clusterPorts(world, host);
  const between = betweenNodes(world, host);
  return portsFor === undefined
    ? { ports: [...own, ...nfsPorts(world.inventory, host)], portsFor: between }
    : { ports: own, portsFor: [...between, ...portsFor] };
}

/** By what masters tell each other who has the address; whoever may send it may take that away from all of them. */
const betweenMasters = (world: World, host: Host): FirewallSpec['protocolsFor'] =>
  sharesAddress(world, host)
    ? otherMasters(world, host).map(({ ip }) => ({ source: ip, protocol: 'vrrp' }))
    : [];

/**
 * Open to the other nodes alone: whoever may send to flannel may send as any pod, and figures are for those who ask from
 * a pod, whose packets have the address of its node there.
 */
const betweenNodes = (world: World, host: Host): FirewallSpec['portsFor'] =>
  portsBetweenNodes(world, host).flatMap((port) =>
    nodes(world)
      .filter(({ name }) => name !== host.name)
      .map(({ ip }) => ({ source: ip, port })),
  );

const portsBetweenNodes = (world: World, host: Host): string[] => [
  ...[vxlanPort(world, host) ?? []].flat(),
  ...figurePorts(world, host),
];

const figurePorts = (world: World, host: Host): string[] =>
  (Object.keys(FIGURES) as Reserved[])
    .filter((component) => tellsOthers(world, host, component))
    .map((component) => `${FIGURES[component].port}/tcp`);

function vxlanPort({ inventory }: World, host: Host): string | undefined {
  const { cni, flannel } = inventory.network;
  const isUsed = cni === 'flannel' && flannel?.backend === 'vxlan' && isNode(host);
  return isUsed ? `${flannel.port}/udp` : undefined;
}

/** What others must reach on a host, by its roles. */
export const openPorts = (world: World, host: Host): string[] => [
  ...clusterPorts(world, host),
  ...portsBetweenNodes(world, host),
  ...nfsPorts(world.inventory, host),
  ...betweenMasters(world, host).map(({ source, protocol }) => `${protocol} from ${source}`),
];

/** What add-ons answer on, on whichever nodes they are: labels may choose others at any time. */
const addonPorts = ({ inventory }: World): string[] =>
  inventory.addons.flatMap(({ name }) => addonData(name).ports);

function clusterPorts(world: World, host: Host): string[] {
  const { inventory } = world;
  const { nodePortRange } = inventory.network;
  const has = (role: Host['roles'][number]): boolean => host.roles.includes(role);
  return [
    ...(has('master') ? [`${inventory.apiServer.port}/tcp`] : []),
    ...(has('master') && inventory.profile === 'course' ? [`${ports.apiServerInsecure}/tcp`] : []),
    ...(has('etcd') ? [`${ports.etcdClient}/tcp`, `${ports.etcdPeer}/tcp`] : []),
    ...(isNode(host)
      ? [`${ports.kubelet}/tcp`, `${nodePortRange}/tcp`, `${nodePortRange}/udp`, ...addonPorts(world)]
      : []),
  ];
}

/**
 * firewalld refuses what it forwards: pods' packets pass only when it trusts their range and their bridge. What a node
 * itself sends to a pod elsewhere has the node's address. At its start and on a reload it empties the tables, after
 * units that wait for it: so it sets the NAT of what pods send out of the cluster, too.
 */
function trusted(
  { inventory }: World,
  host: Host,
): Pick<FirewallSpec, 'trustedSources' | 'trustedInterfaces' | 'direct'> {
  const { cni, podCIDR } = inventory.network;
  if (!isNode(host)) return { trustedSources: [], trustedInterfaces: [], direct: [] };
  return {
    trustedSources: [podCIDR],
    trustedInterfaces: cni === 'none' ? [] : ['cni0'],
    direct: [
      { what: `forward to ${podCIDR}`, table: 'filter', chain: 'FORWARD', rule: `-d ${podCIDR} -j ACCEPT` },
      ...(cni === 'none'
        ? []
        : [
            {
              what: `masquerade ${podCIDR}`,
              table: 'nat',
              chain: 'POSTROUTING',
              rule: masqueradeRule(podCIDR),
            } as const,
          ]),
    ],
  };
}
