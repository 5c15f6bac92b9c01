import { afterEach, expect, it, vi } from 'vitest';
import { stepsOf } from '../../../../../src/commands/certs/rotate/rotate-ca.ts';
import { newAuthorityTexts } from '../../../../../src/pki/new-keys.ts';
import { loaded, stateFolder } from '../../../pki/store-support.ts';

type Given = Parameters<typeof stepsOf>[1];

afterEach(() => {
  vi.useRealTimers();
});

it('is ready for the hand-over since hosts were last brought to trust both', async () => {
  const folder = stateFolder();
  const pki = await loaded(folder);
  const [trust] = stepsOf('etcd', {
    begun: undefined,
    pair: () => newAuthorityTexts('etcd', 2048, new Date()),
    rotating: { cluster: { pki }, hosts: ['m1'] } as unknown as Given['rotating'],
    options: {} as Given['options'],
  });
  const ready = (): string | undefined => pki.rotation('etcd')?.ready?.toISOString();
  const after = async (at: string): Promise<void> => {
    vi.useFakeTimers({ toFake: ['Date'], now: new Date(at) });
    await trust!.after!();
  };
  const [first, second, third] = [1, 2, 3].map((hour) => `2026-11-30T0${hour}:00:00.000Z`);
  await trust!.take();
  await trust!.behind!();
  await after(first!);
  expect(ready()).toBe(first);
  // Another run finds all hosts as they are to be: pods that were restarted since count.
  await after(second!);
  expect(ready()).toBe(first);
  // A run that finds some behind may be cut before they have followed.
  await trust!.behind!();
  expect((await loaded(folder)).rotation('etcd')?.ready).toBeUndefined();
  await after(third!);
  expect(ready()).toBe(third);
});
