import type { Step } from './step.ts';

/** A slow line between controller and host; a host behind one still gets its binaries. */
const BYTES_PER_SECOND = 64 * 1024;
/** Half an hour for what comes from elsewhere: mirrors can be slow, and are many. */
const FROM_ELSEWHERE = 1800;

/** What steps may take beyond the time that a command has anyway. */
export const moreSeconds = (steps: readonly Step[]): number =>
  steps.reduce((sum, step) => sum + moreOf(step), 0);

function moreOf(step: Step): number {
  switch (step.op) {
    case 'packages':
    case 'fetch':
      return FROM_ELSEWHERE;
    case 'write':
      return Math.ceil(step.content.size / BYTES_PER_SECOND);
    case 'run':
      return (
        (step.downloads ? FROM_ELSEWHERE : 0) +
        (step.seconds ?? 0) +
        Math.ceil((step.stdin?.size ?? 0) / BYTES_PER_SECOND)
      );
    case 'attributes':
    case 'directory':
    case 'link':
    case 'remove':
    case 'prune':
    case 'unit':
      return 0;
  }
}
