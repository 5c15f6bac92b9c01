import { didYouMean } from '../inventory/suggest.ts';
import type { Host, Inventory } from '../inventory/types.ts';
import { BootstrapError, ExitCode } from '../kernel/errors.ts';
import { withRole } from '../phases/shared/topology.ts';
import { factsOf, factsWatches, imagined } from '../facts/facts.ts';
import { phases } from '../phases/index.ts';
import type { Phase, World } from '../phases/phase.ts';
import { type Stage, watchesOf } from '../plan/stage.ts';
import { paths } from '../kernel/host-paths.ts';
import type { Observed, Watch } from '../probe/observe.ts';

export interface Selection {
  /** Ids of the phases that take part; all by default. */
  readonly only?: readonly string[];
  /** Ids of phases that do not. */
  readonly skip?: readonly string[];
  /** Ids of those that are left out until there is a cluster. */
  readonly needCluster?: readonly string[];
}

/** @throws E_PHASE for an id that no phase has, exit code 2 */
export function selectPhases({ only, skip = [] }: Selection): readonly Phase[] {
  const unknown = [...(only ?? []), ...skip].find((wanted) => !phases.some(({ id }) => id === wanted));
  if (unknown !== undefined) {
    const ids = phases.map(({ id }) => id);
    throw new BootstrapError('E_PHASE', `there is no phase "${unknown}"${didYouMean(unknown, ids)}`, {
      hint: `Phases are ${ids.join(', ')}.`,
      exitCode: ExitCode.usage,
    });
  }
  return phases.filter(({ id }) => (only?.includes(id) ?? true) && !skip.includes(id));
}

/** What tells whether there is a cluster, where that matters and nothing else asks. */
export const clusterWatches = ({ needCluster = [] }: Selection, { roles }: Host): Watch[] =>
  needCluster.length > 0 && roles.includes('master')
    ? [{ kind: 'file', key: paths.adminConf, read: 'secret' }]
    : [];

/**
 * Which phases take part, by what was seen. Decided by the first look, for the whole run: one that came or went in the
 * middle of it would be planned and not run, or the other way round.
 */
export function whoTakesPart(
  selected: readonly Phase[],
  { needCluster = [] }: Selection,
): (here: World) => readonly Phase[] {
  let decided: readonly Phase[] | undefined;
  const isNew = (here: World): boolean =>
    withRole(here, 'master').every(({ name }) => here.seen(name)?.file(paths.adminConf)?.type === 'absent');
  return (here) =>
    (decided ??= isNew(here) ? selected.filter(({ id }) => !needCluster.includes(id)) : selected);
}

/** What was seen, with what is known without it. */
export const worldOf = (
  known: Omit<World, 'facts' | 'seen'>,
  seen: ReadonlyMap<string, Observed>,
): World => ({
  ...known,
  facts: (host) => factsOf(seen.get(host)),
  seen: (host) => seen.get(host),
});

/** Phases as the engine takes them. */
export function bind(selected: readonly Phase[], world: World): Stage[] {
  const host = (name: string): Inventory['hosts'][number] =>
    world.inventory.hosts.find((one) => one.name === name) ?? unreachable(name);
  return selected.map((phase) => ({
    id: phase.id,
    title: phase.title,
    batch: phase.batch,
    mustStand: (hosts) => phase.mustStand?.(hosts) ?? 0,
    hosts: phase.hosts(world).map(({ name }) => name),
    resources: once((name: string) => phase.resources(world, host(name))),
    gates: once((name: string) => phase.gates?.(world, host(name)) ?? []),
  }));
}

/** A pure function of a name, computed once for each: a plan, its questions and its gates ask for the same. */
function once<T>(make: (name: string) => T): (name: string) => T {
  const known = new Map<string, T>();
  return (name) => {
    const value = known.get(name) ?? make(name);
    known.set(name, value);
    return value;
  };
}

/**
 * What to ask of every host before anything is known of it: all that the phases would look at on a
 * fresh host of either family, so that one exec is enough to know whether there is anything to do.
 */
export function imaginedWatches(
  selected: readonly Phase[],
  inventory: Inventory,
  world: (seen: ReadonlyMap<string, Observed>) => World,
  stages: (here: World) => readonly Stage[],
): Map<string, Watch[]> {
  // Facts decide what is wanted and whether a host is fit, whichever phases take part.
  const watches = new Map<string, Watch[]>(inventory.hosts.map(({ name }) => [name, factsWatches()]));
  for (const family of ['centos', 'debian'] as const) {
    const here = world(new Map(inventory.hosts.map(({ name }) => [name, imagined(family)])));
    for (const [host, more] of watchesOf(stages(here))) watches.get(host)?.push(...more);
    for (const phase of selected) {
      for (const host of phase.hosts(here))
        watches.get(host.name)?.push(...(phase.watch?.(here, host) ?? []));
    }
  }
  return watches;
}

function unreachable(name: string): never {
  throw new TypeError(`${name} is not in the inventory`);
}
