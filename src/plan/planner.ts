import { BootstrapError } from '../kernel/errors.ts';
import { MANIFEST, manifestOf } from '../resources/manifest.ts';
import type { Observed } from '../probe/observe.ts';
import { type Change, type Resource, changes } from '../resources/resource.ts';
import type { HostPlan, PhasePlan, Plan } from './plan.ts';
import type { Stage } from './stage.ts';

/** A resource with the change it needs. */
export interface Due {
  readonly resource: Resource;
  readonly change: Change;
}

/**
 * What it takes to bring every host that was seen to what the stages want. Pure.
 * Hosts that were not seen (unreachable) are left out.
 */
export function makePlan(stages: readonly Stage[], seen: ReadonlyMap<string, Observed>): Plan {
  const upstream = new Map([...seen.keys()].map((host) => [host, new Map<string, Change>()]));
  const phases = stages.map((stage): PhasePlan => {
    const hosts = stage.hosts.flatMap((host): HostPlan[] => {
      const observed = seen.get(host);
      const before = upstream.get(host);
      if (!observed || !before) return [];
      const due = dueOn(stage, host, observed, before);
      return due.length === 0
        ? []
        : [
            {
              host,
              changes: due.map(({ resource, change }) => ({
                id: resource.id,
                title: resource.title,
                change,
              })),
            },
          ];
    });
    return { phase: stage.id, title: stage.title, hosts };
  });
  return { phases: phases.filter(({ hosts }) => hosts.length > 0), orphans: orphansOf(stages, seen) };
}

/** The changes one stage needs on one host; `upstream` collects them for the resources that come after. */
export function dueOn(stage: Stage, host: string, seen: Observed, upstream: Map<string, Change>): Due[] {
  const known = new Set<string>();
  return stage.resources(host).flatMap((resource) => {
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
function orphansOf(
  stages: readonly Stage[],
  seen: ReadonlyMap<string, Observed>,
): { host: string; path: string }[] {
  return [...seen].flatMap(([host, observed]) => {
    if (observed.file(MANIFEST) === undefined) return [];
    const wanted = new Set(
      stages
        .filter((stage) => stage.hosts.includes(host))
        .flatMap((stage) => stage.resources(host).flatMap((resource) => resource.owns ?? [])),
    );
    return [...manifestOf(observed).keys()]
      .filter((path) => !wanted.has(path))
      .map((path) => ({ host, path }));
  });
}
