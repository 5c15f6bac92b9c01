import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { User } from '../../../src/inventory/types.ts';
import { isUnknownTo, lastOf, momentAfter, rightsDigest } from '../../../src/users/decisions.ts';
import type { UserStore } from '../../../src/users/user-store.ts';
import { SERVER, place, store, user } from './support.ts';

const NOW = new Date('2026-01-02T03:04:05.000Z');
const AT = NOW.toISOString();

describe('what is decided of a person', () => {
  it('is kept with its time and a digest of the rights, until it is decided anew', async () => {
    const here = await place();
    const users = await store(here, { now: NOW });
    expect(users.decisions()).toEqual([]);
    const jane = user('jane', { role: 'view' });
    await users.add(jane, SERVER, false);
    const rights = rightsDigest(jane);
    expect((await store(here)).decisions()).toEqual([{ name: 'jane', at: AT, rights }]);
    await users.revoke('jane');
    const gone = { name: 'jane', at: '2026-01-02T03:04:05.001Z', rights: undefined };
    expect((await store(here)).decisions()).toEqual([gone]);
    await users.revoke('jane');
    expect((await store(here)).decisions(), 'revoked twice').toEqual([gone]);
  });

  it('is not decided by a kubeconfig that is handed out', async () => {
    const here = await place();
    await (await store(here, { now: NOW })).add(user('jane'), SERVER, false);
    await (await store(here)).complete(user('jane'), SERVER);
    expect((await store(here)).decisions()).toMatchObject([{ at: AT }]);
  });

  it('is the inventory’s to say of whom it declares', async () => {
    const here = await place();
    const jane = user('jane');
    await (await store(here)).add(jane, SERVER, false);
    await (await store(here)).revoke('bob');
    const declared = await store(here, { declared: [jane, user('bob')] });
    expect(declared.decisions()).toEqual([]);
  });

  it('comes last also when the clock was set back in between', async () => {
    const here = await place();
    const at = async (year: number): Promise<UserStore> =>
      store(here, { now: new Date(`${year}-01-01T00:00:00Z`) });
    const last = async (): Promise<string | undefined> => (await at(2015)).decisions()[0]?.at;
    await (await at(2036)).add(user('jane'), SERVER, false);
    await (await at(2030)).add(user('jane', { role: 'view' }), SERVER, false);
    expect(await last()).toBe('2036-01-01T00:00:00.001Z');
    await (await at(2026)).revoke('jane');
    expect(await last()).toBe('2036-01-01T00:00:00.002Z');
    await (await at(2015)).add(user('jane'), SERVER, false, '2040-01-01T00:00:00.000Z');
    expect(await last()).toBe('2040-01-01T00:00:00.001Z');
    await (await at(2015)).revoke('jane', '2050-01-01T00:00:00.000Z');
    await (await at(2015)).revoke('jane', '2060-01-01T00:00:00.000Z');
    expect(await last(), 'somebody let her in meanwhile').toBe('2060-01-01T00:00:00.001Z');
  });

  it('counts by what came last; of one moment, that somebody was revoked', () => {
    const [here, there] = [
      { name: 'bob', at: AT, rights: 'a' },
      { name: 'bob', at: AT, rights: undefined },
    ];
    const later = { ...here, at: '2027-01-01T00:00:00.000Z' };
    expect(lastOf([here, there])).toEqual(new Map([['bob', there]]));
    expect(lastOf([there, here, later])).toEqual(new Map([['bob', later]]));
    expect(isUnknownTo(there, here)).toBe(true);
    expect(isUnknownTo(here, { ...here, rights: 'b' })).toBe(true);
    expect(isUnknownTo(later, here)).toBe(true);
    expect(isUnknownTo(here, later)).toBe(false);
    expect(isUnknownTo(here, here)).toBe(false);
    expect(isUnknownTo({ ...there, at: later.at }, there)).toBe(false);
    expect(momentAfter(NOW, undefined, later.at)).toBe('2027-01-01T00:00:00.001Z');
  });
});

it.each<[string, Partial<User>, Partial<User>, boolean]>([
  ['another role', { role: 'view' }, { role: 'edit' }, false],
  ['another namespace', { role: 'view', namespaces: ['a'] }, { role: 'view', namespaces: ['a', 'b'] }, false],
  [
    'namespaces in another order',
    { role: 'view', namespaces: ['a', 'b'] },
    { role: 'view', namespaces: ['b', 'a'] },
    true,
  ],
  ['namespaces that nothing holds in', { namespaces: ['a'] }, { namespaces: ['b'] }, true],
  ['a cluster role', {}, { clusterRole: 'view' }, false],
  ['a token', {}, { auth: 'token' }, false],
  ['a certificate beside a token', { auth: 'token' }, { auth: 'both' }, true],
  ['groups of a token', { auth: 'token', groups: ['a'] }, { auth: 'token', groups: ['a', 'b'] }, false],
  ['groups of a certificate', { groups: ['a'] }, { groups: ['b'] }, true],
  ['a longer life', { days: 1 }, { days: 2 }, true],
])('rights with %s are the same or not', (_, one, other, same) => {
  expect(rightsDigest(user('jane', one)) === rightsDigest(user('jane', other))).toBe(same);
});

describe('files that are lost', () => {
  it('are named; no other user’s token is made in their place', async () => {
    const here = await place();
    expect((await store(here)).missing()).toEqual(['users.yaml', 'tokens.csv']);
    await (await store(here)).add(user('bob', { auth: 'token' }), SERVER, false);
    expect((await store(here)).missing()).toEqual([]);
    expect((await store(here)).bearers()).toEqual([{ name: 'bob', lacksToken: false }]);
    rmSync(join(here.folder, 'tokens.csv'));
    expect((await store(here)).missing()).toEqual(['tokens.csv']);
    expect((await store(here)).bearers()).toEqual([{ name: 'bob', lacksToken: true }]);
    await (await store(here)).add(user('jane', { auth: 'token' }), SERVER, false);
    const users = await store(here);
    expect([users.tokenOf('bob'), users.tokenOf('jane') !== undefined]).toEqual([undefined, true]);
  });

  it('are not lost where a user was revoked who is declared again: the old token is not to come back', async () => {
    const here = await place();
    await (await store(here)).add(user('bob', { auth: 'token' }), SERVER, false);
    await (await store(here)).revoke('bob');
    const declared = [user('bob', { auth: 'token' })];
    expect((await store(here, { declared })).bearers()).toEqual([{ name: 'bob', lacksToken: false }]);
  });
});
