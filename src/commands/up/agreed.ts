import { openState } from '../../cluster/open-state.ts';
import type { RunOptions } from '../../cluster/visit.ts';
import { BootstrapError } from '../../kernel/errors.ts';
import type { Plan } from '../../plan/plan.ts';
import { moved } from '../../plan/saved/moved.ts';
import { type Goal, keptPlan } from '../../run/converge.ts';
import type { Fleet } from '../../run/fleet.ts';
import { readPlan, refuseStale } from '../plan/saved-plan.ts';

/** A plan that was kept, to be carried out as it is, and the version of this program. */
export interface Kept {
  readonly file: string;
  readonly version: string;
}

/** Throws E_PLAN_MOVED when what would be done now is not what was agreed to. */
export type Confirmation = (fleet: Fleet, goal: Goal, plan: Plan) => Promise<void>;

/** So much of what has moved is named. */
const NAMED = 20;

/**
 * What a plan that was kept makes of a run: the same phases and hosts, secrets salted as then, and a look, before the
 * lock and under it, at whether anything has moved.
 * @throws E_PLAN_FILE, E_PLAN_OTHER before any host is dialled
 */
export async function agreedTo(
  options: RunOptions,
  { file, version }: Kept,
): Promise<{ readonly selected: Partial<RunOptions>; readonly confirm: Confirmation }> {
  const kept = await readPlan(file);
  const state = await openState(options);
  const key = refuseStale(file, kept, state, version);
  const { only, skip, limit } = kept.selection;
  const nonces = new Map(kept.hosts.map(({ host, nonce }) => [host, nonce]));
  return {
    selected: { state, nonces, ...(only && { only }), ...(skip && { skip }), ...(limit && { limit }) },
    confirm: async (fleet, goal, plan) => {
      const differences = moved(kept.hosts, await keptPlan(fleet, goal, plan, key));
      if (differences.length === 0) return;
      const more = differences.length > NAMED ? [`${differences.length - NAMED} more`] : [];
      throw new BootstrapError(
        'E_PLAN_MOVED',
        `the hosts are not as they were when ${file} was made:\n${[...differences.slice(0, NAMED), ...more].join('\n')}`,
        { hint: 'Nothing was changed. Make the plan anew with "plan --out", and look at it.' },
      );
    },
  };
}
