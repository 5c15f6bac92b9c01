import { describe, expect, it } from 'vitest';
import { restoredUsers } from '../../../../src/commands/adopt/restored-users.ts';
import { newUser } from '../../../../src/users/new-user.ts';
import type { User } from '../../../../src/inventory/types.ts';
import { Secret } from '../../../../src/kernel/secret.ts';
import type { KubeObject } from '../../../../src/kernel/kube-object.ts';
import { accessOf } from '../../../../src/users/access.ts';

const user = (name: string, more: Partial<User> = {}): User => ({ ...newUser(name), ...more });
const objectsOf = (...users: readonly User[]): KubeObject[] =>
  users.flatMap((one) => {
    const { shared, own } = accessOf(one);
    return [...shared, ...own];
  });
const rules = [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }];
const none = new Set<string>();
const row = (name: string, ...groups: string[]) => ({ token: new Secret(`t-${name}`), user: name, groups });

describe('users of a cluster whose notes are lost', () => {
  it.each<[string, User]>([
    ['a preset', user('jane', { role: 'view', namespaces: ['a', 'b'] })],
    ['a preset of both kinds', user('jane', { role: 'admin', namespaces: ['a', 'default'] })],
    ['everything', user('jane', { role: 'cluster-admin' })],
    ['an existing role', user('jane', { clusterRole: 'auditor' })],
    [
      'a preset and an existing role',
      user('jane', { role: 'deployer', namespaces: ['x'], clusterRole: 'auditor' }),
    ],
    ['rules', user('jane', { role: { rules, clusterRules: [] }, namespaces: ['x', 'y'] })],
    ['rules everywhere', user('jane', { role: { rules: [], clusterRules: rules } })],
    [
      'both',
      user('jane', { role: { rules, clusterRules: rules }, namespaces: ['x'], clusterRole: 'auditor' }),
    ],
    ['a name of the system', user('system:jane', { role: 'view', allowSystem: true })],
  ])('come back with %s', (_, jane) => {
    const others = objectsOf(user('joe', { role: 'edit' }), user('zoe', { clusterRole: 'auditor' }));
    const { users, unclear } = restoredUsers([], [...objectsOf(jane), ...others], none);
    expect(unclear).toEqual([]);
    expect(users.find(({ name }) => name === jane.name)).toEqual(jane);
    expect(users).toHaveLength(3);
  });

  it('come back with their token and its groups', () => {
    const jane = user('jane', { role: 'view', auth: 'token', groups: ['devs'] });
    const { users, tokens } = restoredUsers([row('jane', 'devs'), row('bot')], objectsOf(jane), none);
    expect(users).toEqual([user('bot', { auth: 'token' }), jane]);
    expect(tokens.map((one) => one.user)).toEqual(['jane', 'bot']);
  });

  it('are the inventory’s where it names them', () => {
    const found = restoredUsers([row('jane')], objectsOf(user('jane', { role: 'view' })), new Set(['jane']));
    expect(found).toMatchObject({ users: [], tokens: [{ user: 'jane' }], unclear: [] });
  });

  it('have no names that no user can have', () => {
    const bad = ['../..', 'a,b', "x'$(id)", 'kubernetes-admin', ''];
    const objects = bad.flatMap((name) => objectsOf(user(name, { role: 'view' })));
    expect(
      restoredUsers(
        bad.map((name) => row(name)),
        objects,
        none,
      ),
    ).toEqual({ users: [], tokens: [], unclear: [] });
    expect(restoredUsers([row('jane', 'system masters')], [], none).users).toEqual([]);
  });
});

describe('what a tenant writes into a namespace', () => {
  const inside = (one: User): KubeObject[] =>
    objectsOf(one).filter(({ metadata }) => metadata.namespace !== undefined);

  it('gives nobody what is not in the cluster', () => {
    const forged = inside(user('eve', { role: 'admin', namespaces: ['evil'] }));
    expect(forged).not.toEqual([]);
    expect(restoredUsers([], forged, none)).toMatchObject({ users: [], unclear: ['eve'] });
  });

  it('takes nothing from a user, and is told', () => {
    const jane = user('jane', { role: 'view', namespaces: ['a'] });
    const forged = [
      ...inside(user('jane', { role: 'admin', namespaces: ['evil'] })),
      ...inside(user('jane', { role: { rules, clusterRules: [] }, namespaces: ['evil'] })).slice(0, 1),
    ];
    const { users, unclear } = restoredUsers([], [...forged, ...objectsOf(jane)], none);
    expect({ users, unclear }).toEqual({ users: [jane], unclear: ['jane'] });
  });

  it('may be of any form', () => {
    const [binding] = inside(user('eve', { role: 'view' }));
    const odd = [
      { rules: 'x' },
      { subjects: null },
      { roleRef: 7 },
      { metadata: { ...binding!.metadata, namespace: 'A/b' } },
    ];
    const objects = odd.map((more) => ({ ...binding!, ...more }));
    for (const object of objects.slice(1)) expect(restoredUsers([], [object], none).users).toEqual([]);
  });
});
