import { nthAddress } from '../../kernel/cidr.ts';
import type { Host, Role } from '../../inventory/types.ts';
import { oncePer } from '../../kernel/once-per.ts';
import { ports } from '../../kernel/host-paths.ts';
import { hostsWithRole } from '../../inventory/lookup.ts';
import type { Watch } from '../../probe/observe.ts';
import type { World } from '../phase.ts';

/** Small questions about the cluster as a whole that several phases ask. */

export const withRole = ({ inventory }: Pick<World, 'inventory'>, ...roles: Role[]): readonly Host[] =>
  hostsWithRole(inventory, ...roles);

/** All masters but this one. */
export const otherMasters = (world: Pick<World, 'inventory'>, { name }: Host): readonly Host[] =>
  withRole(world, 'master').filter((master) => master.name !== name);

export const isNode = (host: Host): boolean => host.roles.includes('master') || host.roles.includes('worker');

export const nodes = (world: Pick<World, 'inventory'>): readonly Host[] =>
  withRole(world, 'master', 'worker');

/** A master carries no workload where there are workers to do it. */
export const isReserved = (world: World, host: Host): boolean =>
  host.roles.includes('master') && !host.roles.includes('worker') && withRole(world, 'worker').length > 0;

/** `https://host:port` of the API server of a master. */
export const apiOf = ({ inventory }: Pick<World, 'inventory'>, { ip }: Pick<Host, 'ip'>): string =>
  `https://${ip}:${inventory.apiServer.port}`;

/** `https://host:port` under which users reach the API: what the inventory names, else a master's own. */
export function apiEndpoint(world: Pick<World, 'inventory'>, master = withRole(world, 'master')[0]): string {
  const { endpoint } = world.inventory.apiServer;
  if (endpoint === undefined) return apiOf(world, master ?? { ip: '127.0.0.1' });
  return /:\d+$/.test(endpoint) ? `https://${endpoint}` : apiOf(world, { ip: endpoint });
}

/** Whether each node has a balancer of its own. */
export const balancesLocally = ({ inventory }: Pick<World, 'inventory'>): boolean =>
  inventory.apiServer.balancer === 'local';

/** Whether a host is among those of which one has the address for users. */
export const sharesAddress = (
  { inventory }: Pick<World, 'inventory'>,
  { roles }: Pick<Host, 'roles'>,
): boolean => inventory.apiServer.keepalived !== undefined && roles.includes('master');

/** Where a node asks the API: its balancer, if it has one; else a master itself, and others what stands for all. */
export function apiForNode(world: World, host: Host): string {
  if (balancesLocally(world)) return `https://127.0.0.1:${ports.balancer}`;
  if (host.roles.includes('master')) return apiOf(world, host);
  const [first] = withRole(world, 'master');
  return world.inventory.apiServer.balancer === 'none' && first ? apiOf(world, first) : apiEndpoint(world);
}

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

const API_HEALTH = '/healthz';

/** Asked of every master in every run, also where it does nothing else: `apiHost` goes by it. */
export const apiHealthWatch = ({ roles }: Host): readonly Watch[] =>
  roles.includes('master') ? [{ kind: 'object', key: API_HEALTH }] : [];

/**
 * The master through which API objects are read and written: the first that answers; before any does,
 * the first that was reached.
 */
export const apiHost = oncePer((world: World): readonly Host[] => {
  const masters = withRole(world, 'master');
  const answering = masters.find(({ name }) => world.seen(name)?.object(API_HEALTH)?.status === 200);
  const host = answering ?? masters.find(({ name }) => world.seen(name) !== undefined) ?? masters[0];
  return host ? [host] : [];
});

export const isApiHost = (world: World, { name }: Pick<Host, 'name'>): boolean =>
  apiHost(world).some((host) => host.name === name);
