import { describe, expect, it } from 'vitest';
import { DECIDED } from '../../../../src/phases/control-plane/decided-users.ts';
import {
  decisions,
  howToSettle,
  isUndecided,
  letInElsewhere,
  outdated,
  refuseOutdated,
  whatIsOld,
} from '../../../../src/phases/control-plane/outdated-users.ts';
import { tokenFileOf } from '../../../../src/phases/control-plane/user-tokens.ts';
import { usersPhase } from '../../../../src/phases/control-plane/users.ts';
import type { World } from '../../../../src/phases/phase.ts';
import type { ApiAnswer } from '../../../../src/probe/observe.ts';
import { type Decision, LONG_AGO } from '../../../../src/users/decisions.ts';
import { newUser } from '../../../../src/users/new-user.ts';
import { type Sight, hostSaying, worldOf } from '../world.ts';
import { AFTER, BEFORE, LARGE, NONE, SILENT, SMALL, THEN, bob, kept, letIn, scene } from './decided.ts';

/** What a state folder says: with rights it lets somebody in, without them somebody was revoked. */
const says = (...list: readonly [name: string, at: string, rights?: string][]): Partial<World['users']> => {
  const all = list.map(([name, at, rights]): Decision => ({ name, at, rights }));
  return {
    decisions: () => all,
    users: () => all.filter(({ rights }) => rights).map(({ name }) => newUser(name)),
    revoked: () => all.filter(({ rights }) => !rights).map(({ name, at }) => ({ name, at })),
  };
};

interface Sent {
  readonly script: string;
  readonly object: { readonly metadata: object; readonly data: Record<string, string> };
}

async function sent(world: World, forgotten: readonly string[] = []): Promise<Sent | undefined> {
  const seen = world.seen('m1')!;
  const resource = decisions(world, forgotten);
  const change = resource.diff(seen, new Map());
  if (change.kind === 'none') return undefined;
  const [step] = await resource.steps(change, seen);
  if (step?.op !== 'run' || !step.stdin) throw new Error('nothing is sent');
  const text = Buffer.concat([...(step.stdin.open() as Iterable<Uint8Array>)]).toString();
  return { script: step.script, object: JSON.parse(text) as Sent['object'] };
}

async function written(world: World, forgotten: readonly string[] = []): Promise<unknown> {
  const what = await sent(world, forgotten);
  if (!what) return 'nothing';
  const { data } = what.object;
  const read = (key: string): unknown => (data[key] === undefined ? undefined : JSON.parse(data[key]));
  return { revoked: read('revoked.json'), admitted: read('admitted.json') };
}

describe('what was decided of people', () => {
  it('is written into the cluster: who was revoked, and who was let in with which rights', async () => {
    expect(await written(scene(NONE, says(['bob', THEN])))).toEqual({ revoked: bob, admitted: undefined });
    expect(await written(scene(NONE, says(['bob', THEN, SMALL])))).toEqual({
      revoked: [],
      admitted: letIn(THEN, SMALL),
    });
  });

  it('of before it was written down is written once, and is no reason to ask anybody', async () => {
    const users = says(['bob', LONG_AGO, SMALL]);
    const eve = [{ name: 'eve', at: THEN }];
    const first = scene(kept(eve), users);
    expect(outdated(first)).toEqual([]);
    expect(await written(first)).toEqual({ revoked: eve, admitted: letIn(LONG_AGO, SMALL) });
    const second = scene(kept(eve, letIn(LONG_AGO, SMALL)), users);
    expect([outdated(second), await written(second)]).toEqual([[], 'nothing']);
  });

  it('is nothing to write while nothing was, and not known while nobody answers', async () => {
    expect(await written(scene(NONE))).toBe('nothing');
    expect(await written(scene(kept(bob)))).toBe('nothing');
    const silent = scene(SILENT, says(['bob', THEN]));
    expect(decisions(silent, []).diff(silent.seen('m1')!, new Map()).kind).toBe('unknown');
  });

  it('is written over what was seen of it, and over nothing that was decided since', async () => {
    const versioned = (answer: ApiAnswer): ApiAnswer => {
      const body = answer.body as { metadata: object };
      return { ...answer, body: { ...body, metadata: { ...body.metadata, resourceVersion: '4711' } } };
    };
    const later = await sent(scene(versioned(kept(bob)), says(['joe', AFTER])));
    expect(later?.script).toContain(' replace -f -');
    expect(later?.object.metadata).toMatchObject({ resourceVersion: '4711' });
    const first = await sent(scene(NONE, says(['joe', AFTER])));
    expect(first?.script).toContain(' create -f -');
    expect(first?.object.metadata).not.toHaveProperty('resourceVersion');
    expect(await written(scene(versioned(kept(bob)), says(['bob', THEN])))).toBe('nothing');
  });

  it('stays there when this state folder does not know it', async () => {
    const world = scene(kept(bob, [{ name: 'eve', at: THEN, rights: SMALL }]), says(['joe', AFTER]));
    expect(await written(world)).toEqual({
      revoked: [...bob, { name: 'joe', at: AFTER }],
      admitted: [{ name: 'eve', at: THEN, rights: SMALL }],
    });
    expect(letInElsewhere(world).map(({ name }) => name)).toEqual(['eve']);
  });

  it('stays there when this state folder knows something older', async () => {
    expect(await written(scene(kept(bob), says(['bob', BEFORE])))).toBe('nothing');
    expect(await written(scene(kept(bob), says(['bob', BEFORE, LARGE])))).toBe('nothing');
    expect(await written(scene(kept([], letIn(THEN, SMALL)), says(['bob', BEFORE, LARGE])))).toBe('nothing');
    expect(await written(scene(kept([], letIn(THEN, SMALL)), says(['bob', THEN, LARGE])))).toBe('nothing');
    expect(await written(scene(kept([], letIn(THEN, SMALL)), says(['bob', BEFORE])))).toBe('nothing');
  });

  it('gives way to what is decided later, and to the inventory', async () => {
    const back = { revoked: [], admitted: letIn(AFTER, SMALL) };
    expect(await written(scene(kept(bob), says(['bob', AFTER, SMALL])))).toEqual(back);
    expect(await written(scene(kept([], letIn(THEN, LARGE)), says(['bob', AFTER, SMALL])))).toEqual(back);
    expect(await written(scene(kept([], letIn(THEN, LARGE)), says(['bob', AFTER])))).toEqual({
      revoked: [{ name: 'bob', at: AFTER }],
      admitted: [],
    });
    const declared = { isDeclared: () => true };
    expect(await written(scene(kept(bob, letIn(AFTER, SMALL)), declared))).toEqual({
      revoked: [],
      admitted: [],
    });
  });

  it('goes with whom a run prunes, and not who was revoked', async () => {
    const there = kept([{ name: 'joe', at: THEN }], letIn(THEN, SMALL));
    expect(await written(scene(there, {}, true), ['bob', 'joe'])).toEqual({
      revoked: [{ name: 'joe', at: THEN }],
      admitted: [],
    });
    expect(await written(scene(there), ['bob'])).toBe('nothing');
  });
});

describe('a state folder from before', () => {
  const refusals = (world: World): unknown => {
    try {
      refuseOutdated(world);
      return 'none';
    } catch (error) {
      const { code, message } = error as { code: string; message: string };
      return { code, message };
    }
  };

  it.each<[string, ApiAnswer, Partial<World['users']>, string, string]>([
    [
      'lets in who was revoked since',
      kept(bob),
      says(['bob', BEFORE, LARGE]),
      'E_USER_REVOKED',
      'the state folder lets in bob as of 2026-01-01 00:00 UTC, who was revoked on 2026-01-02 03:04 UTC',
    ],
    [
      'lets in who was revoked, nobody knows since when',
      kept(bob),
      says(['bob', LONG_AGO, LARGE]),
      'E_USER_REVOKED',
      'the state folder lets in bob, who was revoked on 2026-01-02 03:04 UTC',
    ],
    [
      'has rights that were made smaller since',
      kept([], letIn(THEN, SMALL)),
      says(['bob', BEFORE, LARGE]),
      'E_USER_OUTDATED',
      'the state folder has what bob was given on 2026-01-01 00:00 UTC, and it was decided anew on 2026-01-02 03:04 UTC',
    ],
    [
      'has a token that may be another since',
      kept([], letIn(THEN, SMALL)),
      says(['bob', LONG_AGO, SMALL]),
      'E_USER_OUTDATED',
      'the state folder has what bob was given at some time, and it was decided anew on 2026-01-02 03:04 UTC',
    ],
    [
      'was changed by hand',
      kept([], letIn(THEN, SMALL)),
      says(['bob', THEN, LARGE]),
      'E_USER_OUTDATED',
      'the state folder gives bob other rights than were decided on 2026-01-02 03:04 UTC',
    ],
    [
      'denies who was let in again since',
      kept([], letIn(THEN, SMALL)),
      says(['bob', BEFORE]),
      'E_USER_OUTDATED',
      'the state folder says that bob was revoked on 2026-01-01 00:00 UTC, who was let in again on 2026-01-02 03:04 UTC',
    ],
  ])('%s', (_, answer, users, code, message) => {
    const world = scene(answer, users);
    expect(refusals(world)).toEqual({ code, message });
    const [one] = outdated(world);
    expect(whatIsOld(one!)).toBe(message);
    expect(howToSettle(one!)).toMatch(
      /"k8s-bootstrap adopt".*"k8s-bootstrap users revoke bob".*"k8s-bootstrap issue-user bob"/,
    );
  });

  it.each<[string, ApiAnswer, Partial<World['users']>]>([
    ['the cluster knows nothing', NONE, says(['bob', THEN, SMALL])],
    ['nobody answers', SILENT, says(['bob', THEN, SMALL])],
    ['the user was let in later', kept(bob), says(['bob', AFTER, SMALL])],
    ['it is the last that the cluster knows', kept([], letIn(THEN, SMALL)), says(['bob', THEN, SMALL])],
    ['both say that the user was revoked', kept(bob), says(['bob', BEFORE])],
    ['the user was revoked later', kept([], letIn(THEN, SMALL)), says(['bob', AFTER])],
    ['it does not know the user', kept([], letIn(THEN, SMALL)), {}],
  ])('is none where %s', (_, answer, users) => {
    expect(refusals(scene(answer, users))).toBe('none');
  });

  it('gives and takes no rights before the cluster has told what was decided, and then none that are old', () => {
    const rightsIn = (
      answer: ApiAnswer,
      users: Partial<World['users']>,
    ): { kind: string; steps: () => unknown } => {
      const world = scene(answer, { ...users, users: () => [{ ...newUser('bob'), role: 'view' }] });
      const seen = { ...world.seen('m1')!, object: (path: string) => (path === DECIDED ? answer : NONE) };
      const rights = usersPhase
        .resources(world, world.inventory.hosts[0]!)
        .find(({ id }) => id === 'user:bob')!;
      expect(rights.watches).toContainEqual({ kind: 'object', key: DECIDED });
      const change = rights.diff(seen, new Map());
      return { kind: change.kind, steps: () => rights.steps(change, seen) };
    };
    const old = says(['bob', BEFORE, LARGE]);
    expect(rightsIn(SILENT, old).kind).toBe('unknown');
    expect(rightsIn(NONE, old).steps()).toHaveLength(1);
    const refused = (code: string): unknown => expect.objectContaining({ code });
    expect(rightsIn(kept(bob), old).steps).toThrow(refused('E_USER_REVOKED'));
    expect(rightsIn(kept([], letIn(THEN, SMALL)), old).steps).toThrow(refused('E_USER_OUTDATED'));
    const denying = scene(SILENT, says(['eve', BEFORE]));
    const taken = usersPhase
      .resources(denying, denying.inventory.hosts[0]!)
      .find(({ id }) => id === 'user:eve');
    expect(taken?.diff(denying.seen('m1')!, new Map()).kind).toBe('unknown');
  });

  it('is not known where a cluster stands and no API server answers', () => {
    const facts = hostSaying('centos', { 'cluster.name': 'demo', 'cluster.ca': 'aa' });
    const at = (answer: ApiAnswer, more: Sight = { facts }): boolean =>
      isUndecided(worldOf({ seen: { m1: { ...more, objects: { [DECIDED]: answer } } } }));
    expect([at(SILENT), at(NONE), at(kept(bob)), at(SILENT, {})]).toEqual([true, false, false, false]);
    expect(isUndecided(worldOf({ seen: { m1: { facts } } }))).toBe(true);
  });

  it('is looked for by the phase that writes rows of tokens, too', () => {
    const world = scene(NONE);
    const { watches } = tokenFileOf(world, world.inventory.hosts[0]!).resource;
    expect(watches).toContainEqual({ kind: 'object', key: DECIDED });
  });
});
