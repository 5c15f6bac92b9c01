import { expect, it } from 'vitest';
import { createSemaphore } from '../../../src/transport/semaphore.ts';

it('lets in as many as it has slots, and the others in order', async () => {
  const semaphore = createSemaphore(2);
  const log: string[] = [];
  const enter = async (name: string): Promise<() => void> => {
    const release = await semaphore.acquire();
    log.push(name);
    return release;
  };
  const [a, , c, d] = ['a', 'b', 'c', 'd'].map(enter);
  await new Promise(setImmediate);
  expect(log).toEqual(['a', 'b']);
  const releaseA = await a!;
  releaseA();
  releaseA(); // counts once
  await new Promise(setImmediate);
  expect(log).toEqual(['a', 'b', 'c']);
  (await c!)();
  (await d!)();
  expect(log).toEqual(['a', 'b', 'c', 'd']);
});

it('forgets who gave up waiting', async () => {
  const semaphore = createSemaphore(1);
  const release = await semaphore.acquire();
  const controller = new AbortController();
  const impatient = semaphore.acquire(controller.signal);
  const patient = semaphore.acquire();
  controller.abort(new TypeError('enough'));
  await expect(impatient).rejects.toThrow('enough');
  release();
  (await patient)();
  await expect(semaphore.acquire(controller.signal)).rejects.toThrow('enough');
  (await semaphore.acquire())();
});
