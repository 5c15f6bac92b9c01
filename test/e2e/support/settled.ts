import { expect } from 'vitest';
import { eventually } from './kubectl.ts';
import { type HostName, lab } from './lab.ts';
import { type Result, failures, k8sb, lines } from './product.ts';

export const plan = (): Promise<Result> => k8sb(['plan', '--detailed-exitcode']);

export async function expectNothingToDo(): Promise<void> {
  const found = await plan();
  expect(lines(found.planned), failures(found)).toEqual([]);
  expect(found.code).toBe(0);
}

/** Power off and on again; what was in order before is so after it, without anybody's doing. */
export async function expectNothingToDoAfterBoot(...hosts: readonly HostName[]): Promise<void> {
  await Promise.all(hosts.map((host) => lab('poweroff', host)));
  await Promise.all(hosts.map((host) => lab('start', host)));
  await eventually(expectNothingToDo, 120);
}
