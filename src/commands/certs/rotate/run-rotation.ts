import { BootstrapError, ExitCode } from '../../../kernel/errors.ts';
import { lostIn } from '../../../cluster/visit-hosts.ts';
import type { Rotated } from '../../../answers/certificates.ts';
import { isEmpty } from '../../../plan/plan.ts';
import type { PlannedStep } from '../../../plan/planned-step.ts';
import { type Goal, converge, look } from '../../../run/converge.ts';
import type { Fleet } from '../../../run/fleet.ts';
import { stopIfAsked } from '../../../run/stop.ts';

/** A step of a rotation: other keys are wanted, all hosts are brought to that, and what follows from it is done. */
export interface RotationStep {
  readonly planned: PlannedStep;
  /** Whether the state folder has it already: then only the hosts are to follow. */
  readonly taken: boolean;
  /** What has to hold before it; throws where it does not. */
  readonly before?: () => Promise<void>;
  /** Changes the state folder, and with it what is wanted of hosts. */
  readonly take: () => Promise<void>;
  /** Called when hosts are not as the step wants them, before they are brought to it. */
  readonly behind?: () => Promise<void>;
  /** What is done when all hosts are as is wanted. */
  readonly after?: () => Promise<void>;
}

/** What each of the three steps comes to. */
const REACHED: readonly Rotated['reached'][] = ['begun', 'handed-over', 'done'];

/**
 * The steps that are left until one is reached, from the one that was taken last, as hosts may not have followed yet; and
 * what is reached by them. Where a rotation has got further than was asked for, that step is finished.
 */
export function leftUntil(
  last: Rotated['reached'],
  all: readonly RotationStep[],
): { readonly left: readonly RotationStep[]; readonly reached: Rotated['reached'] } {
  const taken = all.findLastIndex((step) => step.taken);
  const end = Math.max(REACHED.indexOf(last), taken);
  return { left: all.slice(Math.max(taken, 0), end + 1), reached: REACHED[end] ?? last };
}

/**
 * Takes one step after the other, each behind the gates that `up` has. A run that was cut short is gone on with by
 * another: how far it has come lies in the state folder, and the rest is seen on the hosts.
 * @throws E_ROTATION_LOST when a host did not get as far as the others; what `converge` throws; E_ABORTED
 */
export async function runRotation(
  { fleet, goal, stop }: { readonly fleet: Fleet; readonly goal: Goal; readonly stop: AbortSignal },
  steps: readonly RotationStep[],
): Promise<void> {
  for (const [index, { planned, taken, before, take, behind, after }] of steps.entries()) {
    stopIfAsked(stop);
    refuseLost(fleet);
    // Phases come again with each step: what they are there for stands above them.
    const message = `step ${index + 1} of ${steps.length}: ${planned.title}`;
    fleet.emit({ type: 'note', level: 'info', message });
    if (!taken) {
      await before?.();
      await take();
    }
    const plan = await look(fleet, goal);
    if (!isEmpty(plan)) await behind?.();
    await converge(fleet, goal, plan, stop);
    refuseLost(fleet);
    await after?.();
  }
}

/** One that was left behind would believe nobody after the next step. */
export function refuseLost(fleet: Fleet): void {
  const lost = lostIn(fleet);
  if (lost.length === 0) return;
  throw new BootstrapError(
    'E_ROTATION_LOST',
    `${lost.join(', ')} was not reached, or did not get as far as the others`,
    {
      hint: 'All hosts of the inventory have to, or the next step would shut them out. Bring them back, or take them out of the inventory; then run it again: it goes on from here. The cluster works as it is, and "up" is safe.',
      exitCode: ExitCode.someHostsFailed,
    },
  );
}
