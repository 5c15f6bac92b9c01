import { BootstrapError } from '../../src/kernel/errors.ts';
import { judge } from '../../src/plan/planner.ts';
import type { Stage } from '../../src/plan/stage.ts';
import type { Observed } from '../../src/probe/observe.ts';
import type { Step } from '../../src/resources/step.ts';

/** All steps that would run on a host, and what it says it has left over. */
export async function stepsOn(stages: readonly Stage[], host: string, own: Observed): Promise<Step[]> {
  const steps: Step[] = judge(stages, host, own).plan.orphans.map((path) => ({ op: 'prune', path }));
  for (const stage of stages) {
    if (!stage.hosts.has(host)) continue;
    for (const resource of stage.resources(host)) {
      // Artifacts would be brought from the network; there is nothing of the host in them.
      if (/^(file:(\/usr\/local|\/opt\/cni)\/bin\/|user-certificate:)/.test(resource.id)) continue;
      try {
        const change = resource.diff(own, new Map());
        if (change.kind !== 'none') steps.push(...(await resource.steps(change, own)));
      } catch (error) {
        if (!(error instanceof BootstrapError)) throw error;
      }
    }
  }
  return steps;
}
