import { expect, it } from 'vitest';
import { tokensArrive } from '../../../../../src/commands/certs/rotate/tokens-arrive.ts';
import type { Fleet } from '../../../../../src/run/fleet.ts';

const READY = new Date('2026-11-30T02:00:00Z');
const web = { namespace: 'shop', name: 'web-1' };

/** What is told, and how long it takes, when it is waited for so many seconds after the tokens were new. */
async function waited(after: number, earlier: readonly (typeof web)[], stop = new AbortController()) {
  let now = READY.getTime() + after * 1000;
  const from = now;
  const told: string[] = [];
  const fleet = { emit: ({ message }: { message: string }) => told.push(message) } as unknown as Fleet;
  const sleep = (milliseconds: number): Promise<void> => {
    now += milliseconds;
    return Promise.resolve();
  };
  await tokensArrive({ fleet, stop: stop.signal }, earlier, READY, { now: () => now, sleep });
  return { told, seconds: (now - from) / 1000 };
}

it('pods that were started before are waited for, and it is told whom for and how long it still takes', async () => {
  expect(await waited(110, [web])).toEqual({
    told: [
      'waits 70 s, until pods that were started before have got the new tokens from their kubelets and read them: shop/web-1',
      'waits 40 s more',
      'waits 10 s more',
    ],
    seconds: 70,
  });
  expect(await waited(200, [web])).toEqual({ told: [], seconds: 0 });
});

it('where all were started since, nothing is waited for', async () => {
  expect(await waited(10, [])).toEqual({ told: [], seconds: 0 });
});

it('an interrupt ends it', async () => {
  const stop = new AbortController();
  stop.abort();
  await expect(waited(0, [web], stop)).rejects.toMatchObject({ code: 'E_ABORTED' });
});
