import { expect, it } from 'vitest';
import { basePhase } from '../../../../src/phases/host/base.ts';
import { apiHost } from '../../../../src/phases/shared/topology.ts';
import { worldOf } from '../world.ts';

const hosts = [
  { name: 'm1', address: '192.0.2.11', roles: ['master', 'etcd'] },
  { name: 'm2', address: '192.0.2.12', roles: ['master', 'etcd'] },
  { name: 'w1', address: '192.0.2.13', roles: ['worker'] },
];

it('every master is asked in every run whether its API server is well, and the first that is does the work', () => {
  const healthy = { '/healthz': { status: 200, body: undefined } };
  const world = worldOf({ inventory: { hosts }, seen: { m1: {}, m2: { objects: healthy } } });
  const asked = world.inventory.hosts.filter((host) =>
    basePhase.watch?.(world, host).some(({ kind, key }) => kind === 'object' && key === '/healthz'),
  );
  expect(asked.map(({ name }) => name)).toEqual(['m1', 'm2']);
  expect(apiHost(world).map(({ name }) => name)).toEqual(['m2']);
});
