import { afterAll, expect, it } from 'vitest';
import { openCluster } from '../../../src/cluster/open.ts';
import type { Observed } from '../../../src/probe/observe.ts';
import { observed } from '../../support/observed.ts';
import { scratch } from '../../support/ssh-target.ts';

const folder = scratch();
afterAll(() => {
  folder.remove();
});

const fresh = observed({ files: { '/etc/kubernetes/admin.conf': { type: 'absent' } } });

it('is decided when all have answered, whoever was first, and then for the whole run', async () => {
  const file = folder.file(
    'inventory.yaml',
    `name: demo
hosts:
  - { name: m1, address: 192.0.2.11, roles: [master, etcd] }
  - { name: w1, address: 192.0.2.21, roles: [worker] }
`,
  );
  const common = { file, env: { HOME: folder.path }, emit: () => undefined, secrets: new Set<never>() };
  const cluster = await openCluster({ ...common, needCluster: ['nfs-storage'] });
  const takesPart = (...names: readonly string[]): boolean => {
    const seen = new Map<string, Observed>(names.map((name) => [name, fresh]));
    return cluster.desire(seen).some(({ id }) => id === 'nfs-storage');
  };
  expect([takesPart('w1'), takesPart('m1', 'w1')]).toEqual([true, false]);
  cluster.begin(new Map([['m1', fresh]]));
  expect(takesPart('w1')).toBe(false);
  await cluster.artifacts.close();
});
