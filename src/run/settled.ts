import { setTimeout as sleep } from 'node:timers/promises';
import { BootstrapError } from '../kernel/errors.ts';
import type { Goal } from './converge.ts';
import { type Fleet, probeAll } from './fleet.ts';
import { stopIfAsked } from './stop.ts';

const LOOKS = 4;
const LOOK_EVERY_MS = 2000;

export interface Judgement<T> {
  /** By what is seen now. */
  readonly judge: () => T;
  /** Codes of refusals that pass by themselves where somebody was only late. */
  readonly mayPass?: readonly string[] | undefined;
  readonly stop: AbortSignal;
}

/** What follows from what is seen. A host that is busy answers late, and is not gone: there it is looked again. */
export async function settled<T>(
  fleet: Fleet,
  goal: Pick<Goal, 'watches'>,
  { judge, mayPass = [], stop }: Judgement<T>,
): Promise<T> {
  for (let look = 1; ; look += 1) {
    try {
      return judge();
    } catch (error) {
      const passes = error instanceof BootstrapError && mayPass.includes(error.code);
      if (!passes || look === LOOKS) throw error;
    }
    await sleep(LOOK_EVERY_MS, undefined, { signal: stop }).catch(() => {
      stopIfAsked(stop);
    });
    await probeAll(fleet, goal.watches);
  }
}
