import { INVENTORY_FIRST, isInventory } from './misplaced.ts';
import { didYouMean } from '../inventory/suggest.ts';
import type { Host } from '../inventory/types.ts';
import { BootstrapError, ExitCode } from '../kernel/errors.ts';
import { withRole } from '../phases/shared/topology.ts';
import { factsOf } from '../facts/facts.ts';
import { phases } from '../phases/index.ts';
import type { Phase, World } from '../phases/phase.ts';
import type { Stage } from '../plan/stage.ts';
import { hostNamed } from '../inventory/lookup.ts';
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
      hint: isInventory(unknown) ? INVENTORY_FIRST : `Phases are ${ids.join(', ')}.`,
      exitCode: ExitCode.usage,
    });
  }
  return phases.filter(({ id }) => (only?.includes(id) ?? true) && !skip.includes(id));
}

/**
 * The same stages, which want nothing of hosts that are not named. These are members all the same: who must stand while
 * another is restarted is asked of all.
 */
export function limited(stages: readonly Stage[], names: readonly string[] | undefined): readonly Stage[] {
  if (!names) return stages;
  const touched = new Set(names);
  return stages.map((stage) => ({
    ...stage,
    resources: (host) => stage.resources(host).filter(({ about = host }) => touched.has(about)),
  }));
}

/** What tells whether there is a cluster, where that matters and nothing else asks. */
export const clusterWatches = ({ needCluster = [] }: Selection, { roles }: Host): Watch[] =>
  needCluster.length > 0 && roles.includes('master')
    ? [{ kind: 'file', key: paths.adminConf, read: 'secret' }]
    : [];

/** Which phases take part, by what was seen: of masters that did not answer nobody knows that they are new. */
export function whoTakesPart(
  selected: readonly Phase[],
  { needCluster = [] }: Selection,
  here: World,
): readonly Phase[] {
  const isNew = withRole(here, 'master').every(
    ({ name }) => here.seen(name)?.file(paths.adminConf)?.type === 'absent',
  );
  return isNew ? selected.filter(({ id }) => !needCluster.includes(id)) : selected;
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
export const bind = (selected: readonly Phase[], world: World): Stage[] =>
  selected.map((phase) => ({
    id: phase.id,
    title: phase.title,
    batch: phase.batch,
    mustStand: (hosts) => phase.mustStand?.(hosts) ?? 0,
    joins: (name) => phase.joins?.(world, hostNamed(world.inventory, name)) ?? false,
    hosts: new Set(phase.hosts(world).map(({ name }) => name)),
    resources: (name) => phase.resources(world, hostNamed(world.inventory, name)),
    gates: (name) => phase.gates?.(world, hostNamed(world.inventory, name)) ?? [],
  }));
