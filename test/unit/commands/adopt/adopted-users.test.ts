import { describe, expect, it } from 'vitest';
import { adoptedUsers } from '../../../../src/commands/adopt/adopted-users.ts';
import { restoredUsers } from '../../../../src/commands/adopt/restored-users.ts';
import type { User } from '../../../../src/inventory/types.ts';
import { Secret } from '../../../../src/kernel/secret.ts';
import type { KubeObject } from '../../../../src/kernel/kube-object.ts';
import { accessOf } from '../../../../src/users/access.ts';
import { type Decision, isUnknownTo, rightsDigest } from '../../../../src/users/decisions.ts';
import { decisionsIn } from '../../../../src/users/registry-changes.ts';
import type { Registry } from '../../../../src/users/registry.ts';
import type { TokenRow } from '../../../../src/users/tokens.ts';
import { newUser } from '../../../../src/users/new-user.ts';

const BEFORE = '2026-01-01T00:00:00.000Z';
const THEN = '2026-01-02T03:04:05.000Z';
const EMPTY: Registry = { users: [], revoked: [], admitted: [], issued: [], tokens: [], missing: [] };
const LOST: Registry = { ...EMPTY, missing: ['users.yaml', 'tokens.csv'] };

const user = (name: string, more: Partial<User> = {}): User => ({ ...newUser(name), ...more });
const row = (name: string, token = `t-${name}`, ...groups: string[]): TokenRow => ({
  token: new Secret(token),
  user: name,
  groups,
});
const letIn = (one: User, at = THEN): Decision => ({ name: one.name, at, rights: rightsDigest(one) });
const revoked = (name: string, at = THEN): Decision => ({ name, at, rights: undefined });

interface Cluster {
  readonly rows?: readonly TokenRow[];
  /** Whose rights are in it. */
  readonly has?: readonly User[];
  readonly decided?: readonly Decision[];
}

function adopting(
  registry: Registry,
  { rows = [], has = [], decided = [] }: Cluster,
  declared: readonly string[] = [],
): ReturnType<typeof adoptedUsers> & { readonly left: readonly Decision[] } {
  const objects: KubeObject[] = has.flatMap((one) => {
    const { shared, own } = accessOf(one);
    return [...shared, ...own];
  });
  const last = new Map(decided.map((one) => [one.name, one]));
  const names = new Set(declared);
  const adopted = adoptedUsers(registry, restoredUsers(rows, objects, names, last), last, names);
  // What the next run would still ask a person about.
  const left = decisionsIn(adopted.registry, (name) => names.has(name)).filter((here) => {
    const there = last.get(here.name);
    return there && isUnknownTo(there, here);
  });
  return { ...adopted, left };
}

describe('a folder that was lost', () => {
  it('gets all users back as they were decided, and nobody is asked about them', () => {
    const all = [
      user('bot', { auth: 'token', role: 'edit', groups: ['ci'] }),
      user('eve'),
      user('jane', { role: 'admin', namespaces: ['a', 'b'] }),
      user('root', { clusterRole: 'cluster-admin' }),
    ];
    const adopted = adopting(LOST, {
      rows: [row('bot', 'x', 'ci')],
      has: all,
      decided: [...all.map((one) => letIn(one)), revoked('joe')],
    });
    expect(adopted).toMatchObject({
      users: ['bot', 'eve', 'jane', 'root'],
      tokens: 1,
      unclear: [],
      left: [],
    });
    expect(adopted.revoked).toEqual(['joe']);
    const { registry } = adopted;
    expect(registry.users).toEqual(all);
    expect(registry.admitted).toEqual(all.map(({ name }) => ({ name, at: THEN })));
    expect(registry.revoked).toEqual([{ name: 'joe', at: THEN }]);
  });

  it('gets those back of whom nothing was written down', () => {
    const jane = user('jane', { role: 'view' });
    const { registry, left } = adopting(LOST, { has: [jane], rows: [row('bot')] });
    expect(registry.users.map(({ name }) => name)).toEqual(['bot', 'jane']);
    expect([registry.admitted, left]).toEqual([[], []]);
  });

  it('leaves it to a person who has what was not decided, and who was revoked and still has something', () => {
    const [large, small] = [user('jane', { role: 'admin' }), user('jane', { role: 'view' })];
    const widened = adopting(LOST, { has: [large], decided: [letIn(small)] });
    expect(widened).toMatchObject({ users: ['jane'], unclear: ['jane'], left: [{ name: 'jane' }] });
    const back = adopting(LOST, { rows: [row('bob')], decided: [revoked('bob')] });
    expect(back).toMatchObject({ users: ['bob'], revoked: [], left: [{ name: 'bob' }] });
    const declared = adopting(LOST, { has: [large], decided: [letIn(large), revoked('eve')] }, [
      'jane',
      'eve',
    ]);
    expect(declared).toMatchObject({ users: [], revoked: [], tokens: 0 });
  });
});

describe('a folder that is old', () => {
  const large = user('bob', { role: 'admin', auth: 'both', days: 30 });
  const old: Registry = {
    ...EMPTY,
    users: [large],
    admitted: [{ name: 'bob', at: BEFORE }],
    tokens: [row('bob', 'old'), row('gone')],
  };
  const small = user('bob', { role: 'view', auth: 'token', groups: ['ci'] });

  it('gets what was decided since, the token too, and keeps what no cluster tells', () => {
    const adopted = adopting(old, { rows: [row('bob', 'new', 'ci')], has: [small], decided: [letIn(small)] });
    expect(adopted).toMatchObject({ users: ['bob'], tokens: 1, unclear: [], left: [] });
    const { registry } = adopted;
    expect(registry.users).toEqual([{ ...small, auth: 'both', days: 30 }]);
    expect(registry.tokens.map((one) => [one.user, one.token.reveal()])).toEqual([
      ['gone', 't-gone'],
      ['bob', 'new'],
    ]);
  });

  it('gets who was let in since, and nobody of whom that was not written down', () => {
    const eve = user('eve', { role: 'view', auth: 'token' });
    const adopted = adopting(old, {
      rows: [row('bob', 'old'), row('eve'), row('stranger')],
      has: [large, eve, user('other', { role: 'edit' })],
      decided: [letIn(large, BEFORE), letIn(eve)],
    });
    expect(adopted).toMatchObject({ users: ['eve'], tokens: 1, revoked: [], unclear: [], left: [] });
    expect(adopted.registry.users.map(({ name }) => name)).toEqual(['bob', 'eve']);
  });

  it('denies who was revoked since and has nothing any more; of others a person is asked', () => {
    const adopted = adopting(old, { decided: [revoked('bob')] });
    expect(adopted).toMatchObject({ users: [], revoked: ['bob'], left: [] });
    expect(adopted.registry).toMatchObject({ users: [], admitted: [], revoked: [{ name: 'bob', at: THEN }] });
    expect(adopted.registry.tokens.map((one) => one.user)).toEqual(['gone']);
    const asked = adopting(old, { has: [large], decided: [revoked('bob')] });
    expect(asked).toMatchObject({ users: [], revoked: [], left: [{ name: 'bob' }] });
  });

  it('lets in who was let in again since', () => {
    const denying: Registry = { ...EMPTY, revoked: [{ name: 'bob', at: BEFORE }] };
    const adopted = adopting(denying, {
      rows: [row('bob', 'new', 'ci')],
      has: [small],
      decided: [letIn(small)],
    });
    expect(adopted).toMatchObject({ users: ['bob'], tokens: 1, left: [] });
    expect(adopted.registry.revoked).toEqual([]);
  });

  it('stays as it is where it is the last word, or where nothing is known', () => {
    const later = adopting(old, {
      rows: [row('bob', 'old')],
      has: [large],
      decided: [letIn(small, '2025-01-01T00:00:00.000Z')],
    });
    expect(later.registry).toEqual(old);
    expect(adopting(old, {}).registry).toEqual(old);
  });
});

it('a folder without tokens gets them from a master, but for those who were revoked', () => {
  const bot = user('bot', { auth: 'token' });
  const bare: Registry = {
    ...EMPTY,
    users: [bot],
    revoked: [{ name: 'bob', at: THEN }],
    missing: ['tokens.csv'],
  };
  const adopted = adopting(bare, { rows: [row('bob'), row('bot'), row('jane')] }, ['jane']);
  expect(adopted.registry.tokens.map((one) => one.user)).toEqual(['bot', 'jane']);
  expect(adopted).toMatchObject({ users: [], tokens: 2 });
});
