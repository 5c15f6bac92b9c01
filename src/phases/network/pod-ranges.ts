import { overlaps, parseCidr, subnets } from '../../kernel/cidr.ts';
import { BootstrapError } from '../../kernel/errors.ts';
import { oncePer } from '../../kernel/once-per.ts';
import type { Host } from '../../inventory/types.ts';
import { nodes, withRole } from '../shared/topology.ts';
import type { World } from '../phase.ts';
import { nodesIn } from '../../resources/cluster/kube-api.ts';
import { routesIn } from '../../resources/network/pod-routes.ts';

/**
 * The pod range of every node, by host name. A node keeps the range it has, as long as that lies in podCIDR and is its
 * own; the others get the lowest that is free. The API server and the routes of others tell whose a range is, also of a
 * node that was not seen, so that it is not given away.
 * @throws E_POD_RANGES when podCIDR has none left
 */
export const podRanges = oncePer(compute);

function compute(world: World): ReadonlyMap<string, string> {
  const { podCIDR, nodePrefix } = world.inventory.network;
  const hosts = nodes(world);
  const given = new Map<string, string>();
  const taken = new Set<string>();
  const give = (host: Host, range: string): void => {
    given.set(host.name, range);
    taken.add(range);
  };
  // A node's own word counts where nobody else has one: none may take the pods of another by saying that they are its own.
  for (const tells of [rangeInApi, rangeInRoutes, ownRange]) {
    for (const host of hosts) {
      const range = given.has(host.name) ? undefined : tells(world, host);
      if (range !== undefined && !taken.has(range) && isNodeRange(range, podCIDR, nodePrefix))
        give(host, range);
    }
  }
  const free = subnets(podCIDR, nodePrefix);
  for (const host of hosts.filter(({ name }) => !given.has(name))) {
    let next = free.next();
    while (next.done === false && taken.has(next.value)) next = free.next();
    if (next.done === true) throw noneLeft(podCIDR, nodePrefix, host);
    give(host, next.value);
  }
  return given;
}

const ownRange = (world: World, host: Host): string | undefined =>
  world.seen(host.name) && world.facts(host.name).podRange;

function rangeInApi(world: World, host: Host): string | undefined {
  for (const { name } of withRole(world, 'master')) {
    const range = nodesIn(world.seen(name))?.get(host.name)?.spec?.podCIDR;
    if (typeof range === 'string') return range;
  }
  return undefined;
}

/** As another node has written it down for its own routes. */
function rangeInRoutes(world: World, host: Host): string | undefined {
  for (const { name } of routeTellers(world)) {
    const range = routesIn(world.seen(name)).get(host.ip);
    if (range !== undefined) return range;
  }
  return undefined;
}

/** Whose table of routes is read. All have the same: the masters' and a few workers' will do, of however many. */
export const routeTellers = oncePer((world: World): readonly Host[] => [
  ...withRole(world, 'master'),
  ...withRole(world, 'worker')
    .filter(({ roles }) => !roles.includes('master'))
    .slice(0, 5),
]);

function isNodeRange(range: string, podCIDR: string, nodePrefix: number): boolean {
  try {
    const { prefix, first } = parseCidr(range);
    const pods = parseCidr(podCIDR);
    return prefix === nodePrefix && overlaps(pods, { first, last: first, prefix });
  } catch {
    return false;
  }
}

const noneLeft = (podCIDR: string, nodePrefix: number, host: Host): BootstrapError =>
  new BootstrapError('E_POD_RANGES', `podCIDR ${podCIDR} has no /${nodePrefix} left for ${host.name}`, {
    hint: 'Choose a larger network.podCIDR or a longer network.nodePrefix.',
  });
