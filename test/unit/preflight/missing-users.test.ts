import { expect, it } from 'vitest';
import { DECIDED } from '../../../src/phases/control-plane/decided-users.ts';
import type { World } from '../../../src/phases/phase.ts';
import { preflightFindings } from '../../../src/preflight/preflight.ts';
import { newUser } from '../../../src/users/new-user.ts';
import { type WorldSpec, hostSaying, worldOf } from '../phases/world.ts';

const admitted = JSON.stringify([{ name: 'bob', at: '2026-01-02T03:04:05.000Z', rights: '0'.repeat(32) }]);
const LOST: Partial<World['users']> = { missing: () => ['users.yaml', 'tokens.csv'] };
const BEARER = [{ name: 'bob', lacksToken: true }];

/** What keeps a folder from a living master with these rows of tokens, which knows of bob. */
function findings(rows: readonly string[], users: Partial<World['users']>, more: WorldSpec = {}): string[] {
  const sight = {
    facts: hostSaying('centos', { 'cluster.name': 'demo', 'cluster.ca': 'aa' }),
    answers: { tokens: { code: 0, output: [...rows.map((name) => `own ${name}`), 'twice 0'].join('\n') } },
    objects: { [DECIDED]: { status: 200, body: { data: { 'admitted.json': admitted } } } },
  };
  const world = worldOf({ caKeyId: 'aa', users, seen: { m1: sight, w1: sight }, ...more });
  return preflightFindings(world).flatMap(({ host, id, level, message }) =>
    id === 'state-missing' ? [`${host} ${level} ${message}`] : [],
  );
}

it('a folder without users.yaml is refused beside a cluster that has users of it', () => {
  expect(findings(['eve', '../x'], LOST)).toEqual([
    'm1 error users.yaml is not in the state folder, and the cluster has users of it: bob, eve',
  ]);
  const declared = { ...LOST, isDeclared: () => true, users: () => [newUser('bob'), newUser('eve')] };
  expect(findings(['eve'], declared)).toEqual([]);
  expect(findings(['eve'], { missing: () => [] })).toEqual([]);
});

it('a folder without tokens.csv is refused where a token would be made that a host has', () => {
  const users = { bearers: () => BEARER, users: () => [newUser('bob')] };
  expect(findings(['bob'], users)).toEqual([
    'm1 error tokens.csv in the state folder has no token of bob, and this host has one',
  ]);
  expect(findings([], users)).toEqual([]);
  expect(findings(['bob'], { ...users, bearers: () => [{ name: 'bob', lacksToken: false }] })).toEqual([]);
});

it('nobody is told of users where there is no cluster', () => {
  expect(findings(['eve'], LOST, { seen: { m1: {} } })).toEqual([]);
});
