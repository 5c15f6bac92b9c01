import { describe, expect, it } from 'vitest';
import { DECIDED, decidedIn, decidedInCluster } from '../../../../src/phases/control-plane/decided-users.ts';
import { quickly } from '../../../support/hostile.ts';
import { worldOf } from '../world.ts';
import { AFTER, BEFORE, SMALL, THEN, bob, kept, letIn, scene } from './decided.ts';

describe('what the cluster tells', () => {
  it.each([
    ['no JSON', '{'],
    ['another shape', { bob: THEN }],
    ['a name that is none', [{ name: '../../x', at: THEN, rights: SMALL }]],
    ['a day that is none', [{ name: 'bob', at: '$(reboot)', rights: SMALL }]],
    ['a day that nothing can follow', [{ name: 'bob', at: '9999-12-31T23:59:59.999Z', rights: SMALL }]],
  ])('is not read from %s', (_, text) => {
    expect(decidedIn(scene(kept(text, text)).seen('m1'))).toEqual([]);
  });

  it.each([[null], [7], ['x'], [[]], [{ data: null }], [{ data: [7] }], [{ data: { 'admitted.json': 7 } }]])(
    'is nothing where %j stands',
    (body) => {
      expect(decidedIn(scene({ status: 200, body }).seen('m1'))).toEqual([]);
    },
  );

  it('is read as far as it can be: one that is spoiled takes no other with it', () => {
    const spoiled = [
      { name: 'eve', at: '2026-11-01' },
      ...bob,
      7,
      null,
      { name: 'joe', at: THEN, rights: 'x' },
    ];
    expect(decidedIn(scene(kept(spoiled, spoiled)).seen('m1'))).toEqual([
      { ...bob[0], rights: undefined },
      { name: 'joe', at: THEN, rights: undefined },
    ]);
  });

  it('is by the clock, however it is written, and what came last of what stands there', () => {
    const text = [{ name: 'bob', at: '2026-01-02T03:04:05Z' }];
    expect(decidedIn(scene(kept(text, letIn(BEFORE, SMALL))).seen('m1'))).toEqual([
      { name: 'bob', at: THEN, rights: undefined },
    ]);
    const world = worldOf({
      inventory: {
        hosts: ['m1', 'm2'].map((name, at) => ({
          name,
          address: `192.0.2.${at + 1}`,
          roles: ['master', 'etcd'],
        })),
      },
      seen: {
        m1: { objects: { [DECIDED]: kept(bob) } },
        m2: { objects: { [DECIDED]: kept([], letIn(AFTER, SMALL)) } },
      },
    });
    expect(decidedInCluster(world).get('bob')).toEqual({ name: 'bob', at: AFTER, rights: SMALL });
  });

  it('is read quickly, however much it is', async () => {
    const many = Array.from({ length: 200_000 }, () => ({ name: 'bob', at: THEN, rights: SMALL }));
    expect(await quickly(() => decidedIn(scene(kept(many, `[${'['.repeat(500_000)}`)).seen('m1')))).toEqual(
      [],
    );
  });
});
