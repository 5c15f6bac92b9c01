import { type Piecewise, atOnce } from '../kernel/breather.ts';
import { BootstrapError } from '../kernel/errors.ts';
import { paths } from '../kernel/host-paths.ts';
import { type Observed, type Watch, isAnswered } from '../probe/observe.ts';
import { MANIFEST, manifestOf } from '../resources/manifest.ts';
import { type Change, type Resource, changes } from '../resources/resource.ts';
import type { HostPlan, PhasePlan } from './plan.ts';
import type { Stage } from './stage.ts';

/** A resource with the change it needs. */
export interface Due {
  readonly resource: Resource;
  readonly change: Change;
}

/** What follows from what was seen on one host. */
export interface Judgement {
  readonly plan: HostPlan;
  /** What its resources want to know and nobody has asked yet. */
  readonly open: readonly Watch[];
}

/** The same as `judging`, in one piece. */
export const judge = (stages: readonly Stage[], host: string, seen: Observed): Judgement =>
  atOnce(judging(stages, host, seen));

/** What it takes to bring a host to what the stages want, and what is still to be asked there. Pure. */
export function* judging(stages: readonly Stage[], host: string, seen: Observed): Piecewise<Judgement> {
  const upstream = new Map<string, Change>();
  const owned = new Set<string>();
  const open: Watch[] = [];
  const phases: PhasePlan[] = [];
  for (const stage of stages) {
    if (!stage.hosts.has(host)) continue;
    const resources = stage.resources(host);
    for (const { watches, owns } of resources) {
      for (const watch of watches) if (!isAnswered(seen, watch)) open.push(watch);
      for (const path of owns ?? []) owned.add(path);
    }
    yield;
    const due = yield* dueOf(stage, host, resources, seen, upstream);
    if (due.length > 0) {
      const named = due.map(({ resource: { id, title }, change }) => ({ id, title, change }));
      phases.push({ phase: stage.id, title: stage.title, changes: named });
    }
  }
  return { plan: { host, phases, orphans: orphansOn(seen, owned) }, open };
}

/** The changes one stage needs on one host; `upstream` collects them for the resources that come after. */
export const dueOn = (stage: Stage, host: string, seen: Observed, upstream: Map<string, Change>): Due[] =>
  atOnce(dueOf(stage, host, stage.resources(host), seen, upstream));

/** A master has as many objects as there are nodes; of most hosts, all of a stage is done in a moment. */
const AT_ONCE = 100;

function* dueOf(
  stage: Stage,
  host: string,
  resources: readonly Resource[],
  seen: Observed,
  upstream: Map<string, Change>,
): Piecewise<Due[]> {
  const known = new Set<string>();
  const found: Due[] = [];
  for (const resource of resources) {
    if (known.has(resource.id)) {
      throw new BootstrapError('E_BUG', `phase ${stage.id} wants ${resource.id} twice on ${host}`);
    }
    known.add(resource.id);
    const change = resource.diff(seen, upstream);
    if (known.size % AT_ONCE === 0) yield;
    if (!changes(change)) continue;
    upstream.set(resource.id, change);
    found.push({ resource, change });
  }
  return found;
}

/**
 * What the manifest of a host names and no stage wants any more, with the manifest read. The record of what was opened
 * in a firewall is needed for as long as that is open.
 */
const orphansOn = (seen: Observed, owned: ReadonlySet<string>): string[] =>
  seen.file(MANIFEST) === undefined
    ? []
    : [...manifestOf(seen).keys()].filter((path) => !owned.has(path) && path !== paths.firewall);
