import type { Hook } from '../kernel/hook.ts';
import type { Watch } from '../probe/observe.ts';
import type { Change } from '../resources/resource.ts';

/** What a run would do: plain data, host by host, each in the order in which it would be done. */
export interface Plan {
  /** Hosts with something to do, or with something left over. */
  readonly hosts: readonly HostPlan[];
}

export interface HostPlan {
  readonly host: string;
  readonly phases: readonly PhasePlan[];
  /** Files that an earlier run wrote and nothing wants any more. */
  readonly orphans: readonly string[];
}

export interface PhasePlan {
  readonly phase: string;
  readonly title: string;
  readonly changes: readonly PlannedChange[];
}

export interface PlannedChange {
  /** Resource id; together with host and phase it names the change. */
  readonly id: string;
  readonly title: string;
  readonly change: Change;
}

export interface LocatedChange {
  readonly phase: string;
  readonly host: string;
  readonly planned: PlannedChange;
}

export const changesOf = ({ host, phases }: HostPlan): LocatedChange[] =>
  phases.flatMap(({ phase, changes }) => changes.map((planned) => ({ phase, host, planned })));

export const allChanges = ({ hosts }: Plan): LocatedChange[] => hosts.flatMap(changesOf);

export const isEmpty = ({ hosts }: Plan): boolean => hosts.every(({ phases }) => phases.length === 0);

/** Files left over, by host. */
export const orphansOf = ({ hosts }: Plan): { readonly host: string; readonly path: string }[] =>
  hosts.flatMap(({ host, orphans }) => orphans.map((path) => ({ host, path })));

/** What to look at before the plan of a host can be told: the texts of files that change. */
export const toBeShown = (plan: HostPlan): Watch[] =>
  changesOf(plan).flatMap(({ planned: { change } }) =>
    change.kind === 'update' ? [...(change.toBeShown ?? [])] : [],
  );

/** The same without texts of files, which are what a plan weighs. */
export const withoutTexts = (plan: HostPlan): HostPlan => ({
  ...plan,
  phases: plan.phases.map((phase) => ({
    ...phase,
    changes: phase.changes.map((planned) => ({ ...planned, change: withoutText(planned.change) })),
  })),
});

function withoutText(change: Change): Change {
  if (change.kind === 'create') return { kind: 'create', summary: change.summary };
  if (change.kind !== 'update') return change;
  return { kind: 'update', summary: change.summary, toBeShown: change.toBeShown ?? [] };
}

/** What a plan comes to. Plain data. */
export interface PlanSummary {
  /** Hosts that were looked at, also those without changes. */
  readonly hosts: number;
  readonly changedHosts: number;
  /** Those with changes, in the order in which they are done. */
  readonly phases: readonly string[];
  readonly changes: number;
  /** Of the changes, those that are known only during the run. */
  readonly unknown: number;
  /** Units that do not run, and are started. */
  readonly starts: readonly UnitHosts[];
  readonly restarts: readonly UnitHosts[];
  /** Of the restarts, those that put something out of service for a moment. */
  readonly interruptions: readonly UnitHosts[];
  /** Of the interruptions, those that no other host makes up for: a single etcd member's, or one of two. */
  readonly outages: readonly UnitHosts[];
  /** Commands of somebody else's that are run on the way. */
  readonly hooks: readonly PlannedHook[];
}

export interface PlannedHook extends Pick<Hook, 'when' | 'of' | 'run'> {
  /** Names of hosts, or `controller`. */
  readonly on: readonly string[];
}

export interface UnitHosts {
  readonly unit: string;
  readonly hosts: readonly string[];
}

/**
 * @param hosts how many were looked at
 * @param order all phases, as they are done
 * @param more of the phases those in which no host can do without another, and hooks
 */
export function summaryOf(
  plan: Plan,
  hosts: number,
  order: readonly string[],
  { alone = [], hooks = [] }: { readonly alone?: readonly string[]; readonly hooks?: readonly Hook[] } = {},
): PlanSummary {
  const changes = allChanges(plan);
  const used = new Set(changes.map(({ phase }) => phase));
  return {
    hosts,
    changedHosts: plan.hosts.filter(({ phases }) => phases.length > 0).length,
    phases: order.filter((phase) => used.has(phase)),
    changes: changes.length,
    unknown: changes.filter(({ planned: { change } }) => change.kind === 'unknown').length,
    starts: unitsOf(changes, starts),
    restarts: unitsOf(changes, (change) => change.kind === 'restart' && !starts(change)),
    interruptions: unitsOf(changes, interrupts),
    outages: unitsOf(
      changes.filter(({ phase }) => alone.includes(phase)),
      interrupts,
    ),
    hooks: hooks.flatMap((hook) => {
      const inPlace = changes.filter(({ phase }) => hook.of === 'up' || phase === hook.of);
      if (inPlace.length === 0) return [];
      const busy = [...new Set(inPlace.map(({ host }) => host))];
      const on = hook.on === 'hosts' ? busy : [hook.on].flat();
      return [{ when: hook.when, of: hook.of, run: hook.run, on }];
    }),
  };
}

/** What did not run is started, whatever else has changed for it. */
const starts = (change: Change): boolean => change.kind === 'restart' && change.summary === 'start';

const interrupts = (change: Change): boolean => change.kind === 'restart' && change.interrupts;

function unitsOf(changes: readonly LocatedChange[], wanted: (change: Change) => boolean): UnitHosts[] {
  const found = new Map<string, string[]>();
  for (const { host, planned } of changes) {
    if (!wanted(planned.change)) continue;
    const unit = unitOf(planned);
    const hosts = found.get(unit) ?? [];
    found.set(unit, hosts);
    hosts.push(host);
  }
  return [...found].map(([unit, hosts]) => ({ unit, hosts }));
}

/** What a restart comes to: `start` where nothing runs, `reload` where that is enough. */
export const verbOf = ({ summary }: { readonly summary: string }): string =>
  ['reload', 'start'].includes(summary) ? summary : 'restart';

/** The unit that a restart is of. */
export const unitOf = ({ id, title }: PlannedChange): string =>
  id.startsWith('service:') ? id.slice('service:'.length) : title;
