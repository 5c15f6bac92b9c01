import { setImmediate } from 'node:timers/promises';

/** Longest that work on many hosts goes on without letting others have their turn, in ms. */
const SHARE = 10;

/** Of several that wait for their turn, each gets one of its own: together they would keep the others for as long. */
let turns: Promise<unknown> = Promise.resolve();

/** Between two pieces of long work: lets pending events in, when enough time has passed since they last were. */
export function breather(): () => Promise<void> {
  let since = performance.now();
  return async () => {
    if (performance.now() - since < SHARE) return;
    turns = turns.then(() => setImmediate());
    await turns;
    since = performance.now();
  };
}

/** Work that can be left for a moment wherever it yields. */
export type Piecewise<Result> = Generator<undefined, Result, undefined>;

/** Does it in one go: where there is nobody else to wait. */
export function atOnce<Result>(work: Piecewise<Result>): Result {
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
  }
}

/** Does it piece by piece, and lets others have their turn between. */
export async function inTurns<Result>(work: Piecewise<Result>): Promise<Result> {
  const breathe = breather();
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
    await breathe();
  }
}
