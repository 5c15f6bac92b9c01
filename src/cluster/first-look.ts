import { factsWatches, imagined } from '../facts/facts.ts';
import { hostNamed } from '../inventory/lookup.ts';
import type { Host, Inventory } from '../inventory/types.ts';
import type { Piecewise } from '../kernel/breather.ts';
import type { Phase, World } from '../phases/phase.ts';
import { type Stage, gatesElsewhere, watchesAt } from '../plan/stage.ts';
import type { Observed, Watch } from '../probe/observe.ts';

/**
 * What to ask of a host before anything is known of it: all that the phases would look at on a fresh host of either
 * family, so that one exec is enough to know whether there is anything to do. Workers that the inventory does not tell
 * apart share one list: of thousands, it is made once.
 */
export function* imaginedWatches(
  selected: readonly Phase[],
  inventory: Inventory,
  world: (seen: ReadonlyMap<string, Observed>) => World,
  stages: (here: World) => readonly Stage[],
): Piecewise<(host: string) => readonly Watch[]> {
  const families: Family[] = [];
  for (const family of ['centos', 'debian'] as const) {
    const here = world(new Map(inventory.hosts.map(({ name }) => [name, imagined(family)])));
    const bound = stages(here);
    const asking = selected
      .filter((phase) => 'watch' in phase)
      .map((phase) => ({ phase, hosts: new Set(phase.hosts(here)) }));
    families.push({ here, bound, asking, elsewhere: yield* gatesElsewhere(bound) });
  }
  const ofPhases = (host: Host): Watch[] =>
    families.flatMap(({ here, asking }) =>
      asking.flatMap(({ phase, hosts }) => (hosts.has(host) ? (phase.watch?.(here, host) ?? []) : [])),
    );
  const lists = new Map<string, readonly Watch[]>();
  const shared = new Map<string, readonly Watch[]>();
  for (const host of inventory.hosts) {
    const asked = ofPhases(host);
    const kind = kindOf(host, asked);
    // Facts decide what is wanted and whether a host is fit, whichever phases take part.
    const watches = shared.get(kind) ?? [
      ...factsWatches(),
      ...(yield* ofResources(families, host.name)),
      ...asked,
    ];
    shared.set(kind, watches);
    lists.set(host.name, watches);
    yield;
  }
  return (name) => lists.get(hostNamed(inventory, name).name) ?? [];
}

function* ofResources(families: readonly Family[], host: string): Piecewise<readonly Watch[]> {
  const watches: Watch[] = [];
  for (const { bound, elsewhere } of families) {
    for (const stage of bound) {
      if (stage.hosts.has(host)) watches.push(...watchesAt(stage, host));
      yield;
    }
    watches.push(...(elsewhere.get(host) ?? []));
  }
  return watches;
}

/** The cluster, were all its hosts of one family. */
interface Family {
  readonly here: World;
  readonly bound: readonly Stage[];
  readonly asking: readonly { readonly phase: Phase; readonly hosts: ReadonlySet<Host> }[];
  readonly elsewhere: ReadonlyMap<string, readonly Watch[]>;
}

/** What decides which questions a host is asked; one that has a part of its own is of a kind of its own. */
function kindOf(host: Host, asked: readonly Watch[]): string {
  if (String(host.roles) !== 'worker') return host.name;
  const settings = { ...host, name: undefined, address: undefined, ip: undefined, ssh: undefined };
  return JSON.stringify([settings, asked.map(({ kind, key }) => `${kind} ${key}`)]);
}
