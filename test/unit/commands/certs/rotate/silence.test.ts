import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { measureSilence } from '../../../../../src/commands/certs/rotate/silence.ts';

const from = (answers: boolean[]) => (): Promise<boolean> => Promise.resolve(answers.shift() ?? true);

it('is the longest time from one answer to the next when none came between', async () => {
  const answers = [true, true, ...Array<boolean>(20).fill(false), true, false, true];
  const silence = measureSilence(from(answers), 15);
  while (answers.length > 0) await sleep(10);
  await sleep(50);
  const seconds = await silence.end();
  expect(seconds).toBeGreaterThanOrEqual(0.3);
  expect(seconds).toBeLessThan(3);
});

it('counts a question that waited out a restart, and was answered then', async () => {
  const waits = [0, 0, 200, 0];
  const silence = measureSilence(async () => sleep(waits.shift() ?? 0, true), 15);
  while (waits.length > 0) await sleep(10);
  await sleep(50);
  expect(await silence.end()).toBeGreaterThanOrEqual(0.2);
});

it('is none while somebody answers, and unknown where nobody ever did', async () => {
  const always = measureSilence(from([]), 5);
  await sleep(40);
  expect(await always.end()).toBe(0);
  expect(await measureSilence(from([false]), 5).end()).toBeNull();
});
