import { setImmediate } from 'node:timers/promises';

/** Longest that work on many hosts goes on without letting others have their turn, in ms. */
const SHARE = 10;

/** Of several that wait for their turn, each gets one of its own: together they would keep the others for as long. */
let turns: Promise<unknown> = Promise.resolve();

/** Says when enough time has passed since pending events were last let in, and lets them in. */
function clock(): { readonly isUp: () => boolean; readonly next: () => Promise<void> } {
  let since = performance.now();
  return {
    isUp: () => performance.now() - since >= SHARE,
    next: async () => {
      turns = turns.then(() => setImmediate());
      await turns;
      since = performance.now();
    },
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
  const turn = clock();
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
    if (turn.isUp()) await turn.next();
  }
}
