import { atOnce } from '../../src/kernel/breather.ts';
import type { Plan } from '../../src/plan/plan.ts';
import { judge } from '../../src/plan/planner.ts';
import { type Stage, gatesElsewhere, watchesAt } from '../../src/plan/stage.ts';
import type { Observed, Watch } from '../../src/probe/observe.ts';

/**
 * What it takes to bring every host that was seen to what the stages want. Pure.
 * Hosts that were not seen (unreachable) are left out.
 */
export const makePlan = (stages: readonly Stage[], seen: ReadonlyMap<string, Observed>): Plan => ({
  hosts: [...seen]
    .map(([host, observed]) => judge(stages, host, observed).plan)
    .filter(({ phases, orphans }) => phases.length + orphans.length > 0),
});

/** All that must be looked at for these stages, by host. */
export function watchesOf(stages: readonly Stage[]): Map<string, Watch[]> {
  const watches = atOnce(gatesElsewhere(stages));
  for (const stage of stages) {
    for (const host of stage.hosts) {
      const known = watches.get(host) ?? [];
      watches.set(host, known);
      known.push(...watchesAt(stage, host));
    }
  }
  return watches;
}
