import type { Host } from '../../inventory/types.ts';
import { ports } from '../../kernel/host-paths.ts';
import { type FirewallSpec, firewall } from '../../resources/firewall.ts';
import { masqueradeRule } from '../../resources/pod-routes.ts';
import { stoppedService } from '../../resources/service.ts';
import { isNode } from '../shared/topology.ts';
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
      : [firewall({ ...opened(world, host), ...trusted(world, host) })],
};

/** Ports for everybody, and those of NFS for its clients as far as their addresses are known. */
export function opened(world: World, host: Host): Pick<FirewallSpec, 'ports' | 'portsFor'> {
  const portsFor = nfsPortsFor(world.inventory, host);
  return portsFor === undefined
    ? { ports: openPorts(world, host), portsFor: [] }
    : { ports: clusterPorts(world, host), portsFor };
}

/** What others must reach on a host, by its roles. */
export const openPorts = (world: World, host: Host): string[] => [
  ...clusterPorts(world, host),
  ...nfsPorts(world.inventory, host),
];

function clusterPorts({ inventory }: World, host: Host): string[] {
  const { nodePortRange } = inventory.network;
  const has = (role: Host['roles'][number]): boolean => host.roles.includes(role);
  return [
    ...(has('master') ? [`${inventory.apiServer.port}/tcp`] : []),
    ...(has('master') && inventory.profile === 'course' ? [`${ports.apiServerInsecure}/tcp`] : []),
    ...(has('etcd') ? [`${ports.etcdClient}/tcp`, `${ports.etcdPeer}/tcp`] : []),
    ...(isNode(host) ? [`${ports.kubelet}/tcp`, `${nodePortRange}/tcp`, `${nodePortRange}/udp`] : []),
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
    trustedInterfaces: cni === 'bridge' ? ['cni0'] : [],
    direct: [
      { what: `forward to ${podCIDR}`, table: 'filter', chain: 'FORWARD', rule: `-d ${podCIDR} -j ACCEPT` },
      ...(cni === 'bridge'
        ? [
            {
              what: `masquerade ${podCIDR}`,
              table: 'nat',
              chain: 'POSTROUTING',
              rule: masqueradeRule(podCIDR),
            } as const,
          ]
        : []),
    ],
  };
}
