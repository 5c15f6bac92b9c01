import { expect, it } from 'vitest';
import { imagined } from '../../../src/facts/facts.ts';
import { judging } from '../../../src/plan/planner.ts';
import { type Gate, type Stage, gatesElsewhere } from '../../../src/plan/stage.ts';
import type { Resource } from '../../../src/resources/resource.ts';

const NODES = 5000;
const names = Array.from({ length: NODES }, (_, index) => `n${index}`);
const gate: Gate = {
  title: 'ready',
  at: 'm1',
  watches: [{ kind: 'object', key: '/api/v1/nodes' }],
  judge: () => undefined,
  timeoutSeconds: 1,
  units: [],
};
const stage = (hosts: readonly string[], resources: readonly Resource[]): Stage => ({
  id: 'nodes',
  title: 'nodes',
  hosts: new Set(hosts),
  batch: 'parallel',
  joins: () => false,
  mustStand: () => 0,
  resources: () => resources,
  gates: () => [gate],
});

it('judges a host with thousands of objects in pieces', () => {
  const objects = names.map((id): Resource => ({
    id,
    title: id,
    watches: [],
    diff: () => ({ kind: 'none', why: '' }),
    steps: () => [],
  }));
  const pieces = [...judging([stage(['m1'], objects)], 'm1', imagined('centos'))];
  expect(pieces.length).toBeGreaterThanOrEqual(NODES / 100);
});

it('finds what gates of thousands of hosts look at in pieces', () => {
  expect([...gatesElsewhere([stage(names, [])])]).toHaveLength(NODES);
});
