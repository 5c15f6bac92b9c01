import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { retry } from '../../../src/kernel/retry.ts';

/** Fails so many times, then gives the attempt's number. */
const failing = (times: number) => (attempt: number) =>
  attempt <= times ? Promise.reject(new Error(`attempt ${attempt}`)) : Promise.resolve(attempt);

const always = (): boolean => true;
const quick = { attempts: 4, delayMs: 1, when: always };

describe('retry', () => {
  it('gives what the first success gives', async () => {
    await expect(retry(failing(0), quick)).resolves.toBe(1);
    await expect(retry(failing(3), quick)).resolves.toBe(4);
  });

  it('gives up with the last error', async () => {
    await expect(retry(failing(9), quick)).rejects.toThrow('attempt 4');
  });

  it('does not try again after a final error', async () => {
    const action = vi.fn(failing(9));
    await expect(retry(action, { ...quick, when: () => false })).rejects.toThrow('attempt 1');
    expect(action).toHaveBeenCalledTimes(1);
  });

  it('tells of each retry, and not of the last failure', async () => {
    const told: unknown[] = [];
    await retry(failing(9), {
      ...quick,
      onRetry: (error, attempt) => told.push([(error as Error).message, attempt]),
    }).catch(() => undefined);
    expect(told).toEqual([
      ['attempt 1', 1],
      ['attempt 2', 2],
      ['attempt 3', 3],
    ]);
  });
});

describe('the wait between attempts', () => {
  beforeEach(() => {
    vi.spyOn(Math, 'random').mockReturnValue(0.5); // no jitter
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it('doubles up to its limit', async () => {
    const at: number[] = [];
    await retry(
      (attempt) => {
        at.push(performance.now());
        return failing(4)(attempt);
      },
      { attempts: 5, delayMs: 40, maxDelayMs: 100, when: always },
    );
    const waits = at.slice(1).map((time, index) => time - (at[index] ?? 0));
    for (const [index, least] of [40, 80, 100, 100].entries())
      expect(waits[index]).toBeGreaterThan(least - 3);
  });

  it('ends when the run is aborted', async () => {
    const controller = new AbortController();
    const started = performance.now();
    const action = vi.fn(failing(9));
    const result = retry(action, { attempts: 9, delayMs: 60_000, when: always, signal: controller.signal });
    setTimeout(() => {
      controller.abort();
    }, 10);
    await expect(result).rejects.toThrow();
    expect(performance.now() - started).toBeLessThan(10_000);
    expect(action).toHaveBeenCalledTimes(1);
  });

  it('is not begun when the run is aborted already', async () => {
    await expect(
      retry(failing(9), { attempts: 9, delayMs: 60_000, when: always, signal: AbortSignal.abort() }),
    ).rejects.toThrow('attempt 1');
  });
});
