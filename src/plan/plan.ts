import type { Change } from '../resources/resource.ts';

/** What a run would do: plain data, in the order it would be done. */
export interface Plan {
  readonly phases: readonly PhasePlan[];
  /** Files on hosts that an earlier run wrote and nothing wants any more. */
  readonly orphans: readonly { readonly host: string; readonly path: string }[];
}

export interface PhasePlan {
  readonly phase: string;
  readonly title: string;
  readonly hosts: readonly HostPlan[];
}

export interface HostPlan {
  readonly host: string;
  readonly changes: readonly PlannedChange[];
}

export interface PlannedChange {
  /** Resource id; together with host and phase it names the change. */
  readonly id: string;
  readonly title: string;
  readonly change: Change;
}

export const allChanges = (plan: Plan): { phase: string; host: string; planned: PlannedChange }[] =>
  plan.phases.flatMap(({ phase, hosts }) =>
    hosts.flatMap(({ host, changes }) => changes.map((planned) => ({ phase, host, planned }))),
  );

export const isEmpty = (plan: Plan): boolean => allChanges(plan).length === 0;
