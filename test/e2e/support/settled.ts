import { expect } from 'vitest';
import { type Result, failures, k8sb, lines } from './product.ts';

export const plan = (): Promise<Result> => k8sb(['plan', '--detailed-exitcode']);

export async function expectNothingToDo(): Promise<void> {
  const found = await plan();
  expect(lines(found.planned), failures(found)).toEqual([]);
  expect(found.code).toBe(0);
}
