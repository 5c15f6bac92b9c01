import { expect, it } from 'vitest';
import { knownError } from '../../../src/release/known-errors.ts';

it.each([
  ['write error: No space left on device', 'E_DISK_FULL'],
  ['Error: unknown flag: --allow-privileged', 'E_FLAG'],
  ['all is well', undefined],
])('%s is %s', (said, code) => {
  expect(knownError(said)?.code).toBe(code);
});
