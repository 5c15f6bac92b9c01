import { nthAddress } from '../../kernel/cidr.ts';
import type { Host, Role } from '../../inventory/types.ts';
import { oncePer } from '../../kernel/once-per.ts';
import { ports } from '../../kernel/host-paths.ts';
import { hostsWithRole } from '../../inventory/lookup.ts';
import type { World } from '../phase.ts';

/** Small questions about the cluster as a whole that several phases ask. */

export const withRole = ({ inventory }: Pick<World, 'inventory'>, ...roles: Role[]): readonly Host[] =>
  hostsWithRole(inventory, ...roles);

export const isNode = (host: Host): boolean => host.roles.includes('master') || host.roles.includes('worker');

export const nodes = (world: Pick<World, 'inventory'>): readonly Host[] =>
  withRole(world, 'master', 'worker');

/** A master carries no workload where there are workers to do it. */
export const isReserved = (world: World, host: Host): boolean =>
  host.roles.includes('master') && !host.roles.includes('worker') && withRole(world, 'worker').length > 0;

/** `https://host:port` under which nodes and users reach the API. */
export function apiEndpoint(world: Pick<World, 'inventory'>): string {
  const { endpoint, port } = world.inventory.apiServer;
  const host = endpoint ?? withRole(world, 'master')[0]?.ip ?? '127.0.0.1';
  return /:\d+$/.test(host) ? `https://${host}` : `https://${host}:${port}`;
}

/** A master asks its own API server, everyone else the common one. */
export const apiFor = (world: World, host: Host): string =>
  host.roles.includes('master') ? `https://${host.ip}:${world.inventory.apiServer.port}` : apiEndpoint(world);

/** The member on the host itself first: a master then works on while the others are away. */
export function etcdServers(world: World, first: Host): string {
  const { outside } = world.inventory.etcd;
  if (outside) return outside.endpoints.join(',');
  const members = withRole(world, 'etcd');
  const ordered = [
    ...members.filter(({ name }) => name === first.name),
    ...members.filter(({ name }) => name !== first.name),
  ];
  return ordered.map(({ ip }) => `https://${ip}:${ports.etcdClient}`).join(',');
}

export const serviceIp = (world: World): string => nthAddress(world.inventory.network.serviceCIDR, 1);

/**
 * The master through which API objects are read and written: the first that answers; before any does,
 * the first that was reached.
 */
export const apiHost = oncePer((world: World): readonly Host[] => {
  const masters = withRole(world, 'master');
  const answering = masters.find(({ name }) => world.seen(name)?.object('/healthz')?.status === 200);
  const host = answering ?? masters.find(({ name }) => world.seen(name) !== undefined) ?? masters[0];
  return host ? [host] : [];
});
