import { BootstrapError } from '../kernel/errors.ts';
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

/** What it takes to bring a host to what the stages want, and what is still to be asked there. Pure. */
export function judge(stages: readonly Stage[], host: string, seen: Observed): Judgement {
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
    const due = dueOf(stage, host, resources, seen, upstream);
    if (due.length > 0) {
      const named = due.map(({ resource: { id, title }, change }) => ({ id, title, change }));
      phases.push({ phase: stage.id, title: stage.title, changes: named });
    }
  }
  return { plan: { host, phases, orphans: orphansOn(seen, owned) }, open };
}

/** The changes one stage needs on one host; `upstream` collects them for the resources that come after. */
export const dueOn = (stage: Stage, host: string, seen: Observed, upstream: Map<string, Change>): Due[] =>
  dueOf(stage, host, stage.resources(host), seen, upstream);

function dueOf(
  stage: Stage,
  host: string,
  resources: readonly Resource[],
  seen: Observed,
  upstream: Map<string, Change>,
): Due[] {
  const known = new Set<string>();
  return resources.flatMap((resource) => {
    if (known.has(resource.id)) {
      throw new BootstrapError('E_BUG', `phase ${stage.id} wants ${resource.id} twice on ${host}`);
    }
    known.add(resource.id);
    const change = resource.diff(seen, upstream);
    if (!changes(change)) return [];
    upstream.set(resource.id, change);
    return [{ resource, change }];
  });
}

/** What the manifest of a host names and no stage wants any more, with the manifest read. */
const orphansOn = (seen: Observed, owned: ReadonlySet<string>): string[] =>
  seen.file(MANIFEST) === undefined ? [] : [...manifestOf(seen).keys()].filter((path) => !owned.has(path));
