import { overlaps, parseCidr, subnets } from '../../kernel/cidr.ts';
import { BootstrapError } from '../../kernel/errors.ts';
import type { Host } from '../../inventory/types.ts';
import { nodes, withRole } from '../shared/topology.ts';
import type { World } from '../phase.ts';
import { nodePath } from '../../resources/kube-api.ts';

/**
 * The pod range of every node, by host name. A node keeps the range it has, as long as that lies in podCIDR and is its
 * own; the others get the lowest that is free. Of a node that was not seen, the API server and the routes of the other
 * nodes tell the range, so that it is not given away.
 * @throws E_POD_RANGES when podCIDR has none left
 */
export function podRanges(world: World): ReadonlyMap<string, string> {
  const known = computed.get(world) ?? compute(world);
  computed.set(world, known);
  return known;
}

/** Every node asks for the ranges of all: once for each world is enough. */
const computed = new WeakMap<World, ReadonlyMap<string, string>>();

function compute(world: World): ReadonlyMap<string, string> {
  const { podCIDR, nodePrefix } = world.inventory.network;
  const hosts = nodes(world);
  const given = new Map<string, string>();
  const taken = new Set<string>();
  const give = (host: Host, range: string): void => {
    given.set(host.name, range);
    taken.add(range);
  };
  // What all nodes say of themselves counts before what others say of any.
  for (const tells of [ownRange, rangeInApi, rangeInRoutes]) {
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
  for (const master of withRole(world, 'master')) {
    const answer = world.seen(master.name)?.object(nodePath(host));
    const node =
      answer?.status === 200 ? (answer.body as { spec?: { podCIDR?: unknown } } | undefined) : undefined;
    if (typeof node?.spec?.podCIDR === 'string') return node.spec.podCIDR;
  }
  return undefined;
}

function rangeInRoutes(world: World, host: Host): string | undefined {
  const { podCIDR, nodePrefix } = world.inventory.network;
  return nodes(world)
    .filter(({ name }) => world.seen(name))
    .flatMap(({ name }) => world.facts(name).routes)
    .find(({ to, via }) => via === host.ip && isNodeRange(to, podCIDR, nodePrefix))?.to;
}

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
