import { setImmediate } from 'node:timers/promises';

/** Longest that work on many hosts goes on without letting others have their turn, in ms. */
const SHARE = 10;

/** Between two pieces of long work: lets pending events in, when enough time has passed since they last were. */
export function breather(): () => Promise<void> {
  let since = performance.now();
  return async () => {
    if (performance.now() - since < SHARE) return;
    await setImmediate();
    since = performance.now();
  };
}
