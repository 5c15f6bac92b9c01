import type { Host } from '../inventory/types.ts';
import { ports } from '../release/paths.ts';
import { type FirewallSpec, firewall } from '../resources/firewall.ts';
import { stoppedService } from '../resources/service.ts';
import { isNode } from './cluster.ts';
import { factsWatches } from './facts.ts';
import type { Phase, World } from './phase.ts';

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
      : [firewall({ ip: host.ip, ports: openPorts(world, host), ...trusted(world, host) })],
};

/** What others must reach on a host, by its roles. */
export function openPorts({ inventory }: World, host: Host): string[] {
  const { nodePortRange } = inventory.network;
  const has = (role: Host['roles'][number]): boolean => host.roles.includes(role);
  return [
    ...(has('master') ? [`${inventory.apiServer.port}/tcp`] : []),
    ...(has('master') && inventory.profile === 'course' ? [`${ports.apiServerInsecure}/tcp`] : []),
    ...(has('etcd') ? [`${ports.etcdClient}/tcp`, `${ports.etcdPeer}/tcp`] : []),
    ...(isNode(host) ? [`${ports.kubelet}/tcp`, `${nodePortRange}/tcp`, `${nodePortRange}/udp`] : []),
    ...(has('nfs')
      ? [ports.rpcbind, ports.nfs, ports.mountd].flatMap((port) => [`${port}/tcp`, `${port}/udp`])
      : []),
  ];
}

/** firewalld refuses what it forwards: pods' packets pass only when it trusts their range and their bridge. */
function trusted(
  { inventory }: World,
  host: Host,
): Pick<FirewallSpec, 'trustedSources' | 'trustedInterfaces' | 'forwardTo'> {
  const { cni, podCIDR } = inventory.network;
  if (!isNode(host)) return { trustedSources: [], trustedInterfaces: [], forwardTo: [] };
  return {
    trustedSources: [podCIDR],
    trustedInterfaces: cni === 'bridge' ? ['cni0'] : [],
    forwardTo: [podCIDR],
  };
}
