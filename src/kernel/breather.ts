import { setImmediate } from 'node:timers/promises';

/** Longest that work on many hosts goes on without letting others have their turn, in ms. */
const SHARE = 10;

/** Of several that wait for their turn, each gets one of its own: together they would keep the others for as long. */
let turns: Promise<unknown> = Promise.resolve();

/** When events were last let in, by whatever work: to others it is one, wherever it comes from. */
let since = -Infinity;

const isTime = (): boolean => performance.now() - since >= SHARE;

async function letIn(): Promise<void> {
  turns = turns.then(() => setImmediate());
  await turns;
  since = performance.now();
}

/** Lets others have their turn, when enough time has passed since they last had one. */
export async function breathe(): Promise<void> {
  if (isTime()) await letIn();
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
  for (;;) {
    if (isTime()) await letIn();
    const { done, value } = work.next();
    if (done) return value;
  }
}
