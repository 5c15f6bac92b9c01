import { afterEach, expect, it, vi } from 'vitest';
import { convergeDecided } from '../../../src/cluster/converge-decided.ts';
import { DECIDED } from '../../../src/phases/control-plane/decided-users.ts';
import type { Observed } from '../../../src/probe/observe.ts';
import { type OpenExample, openExample } from '../../support/example-cluster.ts';
import { hostSaying, sight } from '../phases/world.ts';

const converged: unknown[] = [];
vi.mock('../../../src/run/converge.ts', async (original) => ({
  ...(await original<object>()),
  converge: (_fleet: unknown, _goal: unknown, plan: unknown) => Promise.resolve(void converged.push(plan)),
  consider: () => Promise.resolve('what is left'),
}));

let example: OpenExample | undefined;
afterEach(() => example?.close());

it('whether an API server could tell of people counts as at the first look, until the end of the run', async () => {
  example = await openExample({ name: 'single-node', inventory: 'single-node.yaml', family: 'centos' });
  const { cluster } = example;
  const { name } = cluster.inventory.hosts[0]!;
  const facts = hostSaying('centos', { 'cluster.name': cluster.inventory.name, 'cluster.ca': 'aa' });
  const [cold, warm] = [0, 404].map((status) =>
    sight({ facts, objects: { [DECIDED]: { status, body: undefined } } }),
  );
  const seen = (one: Observed | undefined): Map<string, Observed> => new Map(one ? [[name, one]] : []);
  cluster.begin(seen(cold));
  cluster.begin(seen(warm));
  expect(cluster.world(seen(warm)).undecided).toBe(true);
  const run = (now: Observed | undefined): Promise<void> => {
    const fleet = { members: new Map([[name, { name, seen: now }]]) } as never;
    return convergeDecided(cluster, fleet, {} as never, 'the plan' as never, new AbortController().signal);
  };
  await run(cold);
  expect(converged).toEqual(['the plan']);
  await run(warm);
  expect(converged).toEqual(['the plan', 'the plan', 'what is left']);
  expect(cluster.world(seen(warm)).undecided).toBe(false);
  expect(cluster.reconsider(seen(warm))).toBe(false);
});
