import fc from 'fast-check';
import { expect, it } from 'vitest';
import { nameProblem } from '../../../../src/inventory/user-names.ts';
import { DECIDED, decidedIn } from '../../../../src/phases/control-plane/decided-users.ts';
import {
  accessLists,
  forgottenUsers,
  revocableUsers,
  usersPhase,
} from '../../../../src/phases/control-plane/users.ts';
import { HOSTILE, hostileTexts } from '../../../support/hostile.ts';
import { hostOf, sight, worldOf } from '../world.ts';

const BAD = [
  '',
  '.',
  '..',
  '../x',
  'a/b',
  '-rf',
  'ca',
  'kube-apiserver',
  'x y',
  'a,b',
  'é',
  'x\u202ey',
  '\ud800',
];
const aName = fc.oneof(
  fc.constantFrom(...BAD, ...Object.values(hostileTexts).filter(({ length }) => length < 1000)),
  fc.string({ unit: 'binary', maxLength: 70 }),
  fc.string({ unit: fc.constantFrom('a', '.', '/', '-', '\n', '\0', '@', ':', '"', '$', '`'), maxLength: 6 }),
);

const base = worldOf({ prune: true });

/** A master whose objects, tokens and decisions name somebody. */
function told(name: string): typeof base {
  const own = {
    metadata: { name: `k8s-bootstrap:${name}`, annotations: { 'k8s-bootstrap/user': name } },
    subjects: [{ kind: 'User', name }],
  };
  const list = { status: 200, body: { kind: 'RoleList', apiVersion: 'v1', items: [own] } };
  const decided = JSON.stringify([{ name, at: '2026-01-02T03:04:05Z', rights: 'a'.repeat(32) }]);
  const seen = sight({
    answers: { tokens: { code: 0, output: `own ${name}\nother ${name}\ntwice 0` } },
    objects: {
      ...Object.fromEntries(accessLists.map((path) => [path, list])),
      [DECIDED]: { status: 200, body: { data: { 'revoked.json': decided, 'admitted.json': decided } } },
    },
  });
  return { ...base, seen: (host) => (host === 'm1' ? seen : undefined) };
}

it('a master names nobody who is no user', () => {
  fc.assert(
    fc.property(aName, (name) => {
      const world = told(name);
      const names = [
        ...forgottenUsers(world),
        ...revocableUsers(world),
        ...decidedIn(world.seen('m1')).map((one) => one.name),
      ];
      expect(names.filter((one) => nameProblem('user', one, true) !== undefined)).toEqual([]);
      // A line of a token file is one name; all else is a name as it stands, or none.
      expect(names.filter((one) => !name.includes(one))).toEqual([]);
    }),
    { numRuns: 2000 },
  );
  expect(forgottenUsers(told('eve'))).toEqual(['eve']);
});

it('what prunes users has no name of a master in its script', async () => {
  for (const name of ['eve', 'a:b@c.d', ...BAD, HOSTILE]) {
    const world = told(name);
    const seen = world.seen('m1')!;
    for (const resource of usersPhase.resources(world, hostOf(world, 'm1'))) {
      const change = resource.diff(seen, new Map());
      const steps = change.kind === 'none' ? [] : await resource.steps(change, seen);
      const scripts = steps.map((step) => (step.op === 'run' ? step.script : '?'));
      for (const script of scripts)
        expect(script).toMatch(
          /kubectl --kubeconfig=\S+ (delete --ignore-not-found|apply|create|replace)( --wait=false)? -f -$/,
        );
    }
  }
});
