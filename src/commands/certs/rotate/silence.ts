import { setTimeout as sleep } from 'node:timers/promises';

/** How often it is asked whether an API server answers. */
const EVERY_MS = 500;

export interface Silence {
  /** Ends it. The longest time, in seconds, from one answer to the next when none came between; `null` where none ever came. */
  end(): Promise<number | null>;
}

/**
 * Measures from here how long at most nobody answered.
 * @param answers whether anybody does, asked again and again
 */
export function measureSilence(answers: () => Promise<boolean>, everyMs = EVERY_MS): Silence {
  const stop = new AbortController();
  const measured = (async (): Promise<number | null> => {
    if (!(await answers())) return null;
    let last = performance.now();
    let longest = 0;
    let silent = false;
    while (!stop.signal.aborted) {
      await sleep(everyMs, undefined, { signal: stop.signal }).catch(() => undefined);
      const asked = performance.now();
      const answered = await answers();
      const now = performance.now();
      // A question may wait out a restart, and is answered then.
      if (answered && (silent || now - asked > everyMs)) longest = Math.max(longest, now - last);
      if (answered) last = now;
      silent = !answered;
    }
    return Math.round(longest / 100) / 10;
  })();
  return {
    end() {
      stop.abort();
      return measured;
    },
  };
}
