import { expect, it } from 'vitest';
import type { Plan } from '../../../src/plan/plan.ts';
import type { Change } from '../../../src/resources/resource.ts';
import { leftOver } from '../../../src/run/left-over.ts';

const left = (...changes: readonly Change[]): Plan => ({
  hosts: [
    {
      host: 'm1',
      phases: [
        {
          phase: 'rbac',
          title: 'roles',
          changes: changes.map((change, index) => ({ id: `r${index}`, title: `role ${index}`, change })),
        },
      ],
      orphans: [],
    },
  ],
});

const unknown: Change = {
  kind: 'unknown',
  summary: 'not known yet',
  waitsFor: 'the answer of the API server',
  byItself: true,
};

it('of which nobody tells anything is no quarrel with somebody else', () => {
  expect(leftOver(left(unknown, unknown))).toMatchObject({
    code: 'E_SILENT',
    message: expect.stringMatching(
      /\nm1: role 0 waits for the answer of the API server\nm1: role 1 waits for/,
    ) as string,
  });
});

it.each<[string, Change]>([
  ['that changes again', { kind: 'delete', summary: 'of somebody' }],
  [
    'that is not known, and does not come by itself',
    { ...unknown, byItself: undefined } as unknown as Change,
  ],
])('%s is', (_title, change) => {
  expect(leftOver(left(unknown, change)).code).toBe('E_FLAPPING');
});
