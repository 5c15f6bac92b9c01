import { describe, expect, it } from 'vitest';
import { newUser } from '../../../../src/users/new-user.ts';
import type { User } from '../../../../src/inventory/types.ts';
import { DECIDED } from '../../../../src/phases/control-plane/decided-users.ts';
import { apiserverPhase } from '../../../../src/phases/control-plane/apiserver.ts';
import { tokenFileOf, tokensPath } from '../../../../src/phases/control-plane/user-tokens.ts';
import {
  accessLists,
  forgottenUsers,
  revocableUsers,
  usersPhase,
} from '../../../../src/phases/control-plane/users.ts';
import type { World } from '../../../../src/phases/phase.ts';
import type { KubeObject } from '../../../../src/kernel/kube-object.ts';
import { MANIFEST } from '../../../../src/resources/manifest.ts';
import type { ApiAnswer, Observed } from '../../../../src/probe/observe.ts';
import { changes } from '../../../../src/resources/resource.ts';
import { accessOf } from '../../../../src/users/access.ts';
import { type Sight, hostOf, textFile, worldOf } from '../world.ts';

const user = (name: string, more: Partial<User> = {}): User => ({ ...newUser(name), ...more });

const objectsOf = (...users: User[]): KubeObject[] =>
  users.flatMap((one) => {
    const { shared, own } = accessOf(one);
    return [...shared, ...own];
  });

/** What the API server answers to the four lists: items without kind and version, as it does. Nobody was revoked. */
function lists(objects: readonly KubeObject[]): Record<string, ApiAnswer> {
  const kinds = ['Role', 'ClusterRole', 'RoleBinding', 'ClusterRoleBinding'];
  const answers = accessLists.map((path, index): [string, ApiAnswer] => {
    const items = objects
      .filter(({ kind }) => kind === kinds[index])
      .map((object) => ({ ...object, apiVersion: undefined, kind: undefined }))
      .map((object) => JSON.parse(JSON.stringify(object)) as unknown);
    const body = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: `${kinds[index] ?? ''}List`, items };
    return [path, { status: 200, body }];
  });
  return Object.fromEntries([...answers, [DECIDED, { status: 404, body: undefined }]]);
}

interface Scene {
  readonly users?: User[];
  readonly there?: KubeObject[];
  readonly sight?: Sight;
  readonly store?: Partial<World['users']>;
  readonly prune?: boolean;
}

const sceneOf = ({ users = [], there = [], sight = {}, store = {}, prune = false }: Scene): World =>
  worldOf({
    users: { users: () => users, ...store },
    prune,
    seen: { m1: { objects: lists(there), ...sight } },
  });

function planned(world: World): Record<string, string> {
  const seen = world.seen('m1')!;
  return Object.fromEntries(
    usersPhase.resources(world, hostOf(world, 'm1')).flatMap((resource) => {
      const change = resource.diff(seen, new Map());
      return changes(change) && 'summary' in change
        ? [[resource.id, `${change.kind} ${change.summary}`]]
        : [];
    }),
  );
}

describe('rights of users', () => {
  const jane = user('jane', { role: 'view' });
  const admin = user('admin', { role: 'admin' });

  it('that are as wanted are left alone', () => {
    expect(planned(sceneOf({ users: [jane, admin], there: objectsOf(jane, admin) }))).toEqual({});
  });

  it('are made with their roles', () => {
    expect(planned(sceneOf({ users: [admin] }))).toEqual({
      'users:roles': 'create Role default/admin, ClusterRole admin-cluster',
      'user:admin':
        'create RoleBinding default/k8s-bootstrap:admin:admin, ClusterRoleBinding k8s-bootstrap:admin:admin-cluster',
    });
  });

  it('of another role replace those of the old one', () => {
    const edit = user('jane', { role: 'edit' });
    expect(planned(sceneOf({ users: [edit], there: objectsOf(jane) }))).toEqual({
      'user:jane':
        'update RoleBinding default/k8s-bootstrap:jane:edit, without RoleBinding default/k8s-bootstrap:jane:view',
    });
  });

  it('that somebody widened by hand are put back', () => {
    const there = objectsOf(admin).map((object) =>
      object.kind === 'Role'
        ? { ...object, rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }] }
        : object,
    );
    expect(planned(sceneOf({ users: [admin], there }))).toEqual({
      'users:roles': 'update Role default/admin (rules)',
    });
  });

  it('of a binding that points elsewhere are deleted before they are made again', async () => {
    const there = objectsOf(jane).map((object) => ({
      ...object,
      roleRef: { kind: 'ClusterRole', name: 'cluster-admin' },
    }));
    const world = sceneOf({ users: [jane], there });
    const resource = usersPhase.resources(world, hostOf(world, 'm1')).find(({ id }) => id === 'user:jane')!;
    const seen = world.seen('m1')!;
    const steps = await resource.steps(resource.diff(seen, new Map()), seen);
    expect(
      steps.map((step) => (step.op === 'run' ? step.script.replace(/^.*kubeconfig=\S+ /, '') : step.op)),
    ).toEqual(['delete --ignore-not-found -f -', 'apply -f -']);
  });

  it('of who is not wanted any more stay until they are revoked or pruned', () => {
    const there = objectsOf(jane);
    expect(planned(sceneOf({ there }))).toEqual({});
    expect(forgottenUsers(sceneOf({ there }))).toEqual(['jane']);
    const gone = { 'user:jane': 'delete RoleBinding default/k8s-bootstrap:jane:view' };
    expect(planned(sceneOf({ there, prune: true }))).toEqual(gone);
    const denied = { name: 'jane', at: '2026-01-01T00:00:00.000Z' };
    const revoked = { revoked: () => [denied], decisions: () => [{ ...denied, rights: undefined }] };
    const sight = { objects: { ...lists(there), [DECIDED]: { status: 404, body: {} } } };
    expect(planned(sceneOf({ there, store: revoked, sight }))).toEqual({
      ...gone,
      revocations: 'create ConfigMap kube-system/k8s-bootstrap-revoked-users',
    });
    expect(forgottenUsers(sceneOf({ there, store: revoked }))).toEqual([]);
  });

  it('in a namespace never decide who is revoked on this machine', () => {
    const everywhere = objectsOf(user('eve', { clusterRole: 'view' }));
    const there = [...objectsOf(jane), ...everywhere];
    expect(forgottenUsers(sceneOf({ there }))).toEqual(['eve', 'jane']);
    expect(revocableUsers(sceneOf({ there }))).toEqual(['eve']);
  });

  it.each(['../../../../documents', '..', 'a/b', 'jane', 'eve\n', ''])(
    'that only say they are of %j are nobody’s',
    (name) => {
      const there = objectsOf(jane).map((object) => ({
        ...object,
        metadata: {
          ...object.metadata,
          name: name === 'jane' ? 'view' : object.metadata.name.replace('jane', name),
          annotations: { 'k8s-bootstrap/user': name },
        },
        subjects: [{ kind: 'User', name: name === 'jane' ? 'mallory' : name }],
      }));
      expect(forgottenUsers(sceneOf({ there, prune: true }))).toEqual([]);
      expect(planned(sceneOf({ there, prune: true }))).toEqual({});
    },
  );

  it('of a token file count when their names are names', () => {
    const answer = { code: 0, output: 'own ../../x\nown eve\ntwice 0' };
    expect(revocableUsers(sceneOf({ sight: { answers: { tokens: answer } } }))).toEqual(['eve']);
  });

  it('need their namespaces, which are made', () => {
    const world = sceneOf({
      users: [user('jane', { role: 'view', namespaces: ['team-a', 'default'] })],
      sight: { objects: { ...lists([]), '/api/v1/namespaces/team-a': { status: 404, body: {} } } },
    });
    expect(planned(world)).toMatchObject({ 'object:/api/v1/namespaces/team-a': 'create Namespace team-a' });
  });

  it('cannot be told before the API server answers', () => {
    expect(planned(sceneOf({ users: [jane], sight: { objects: {} } }))).toMatchObject({
      'user:jane': 'unknown not known yet',
    });
  });

  it('are asked for by four lists and who was revoked, however many users there are', () => {
    const world = sceneOf({
      users: Array.from({ length: 100 }, (_, index) => user(`u${index}`, { role: 'view' })),
    });
    const keys = usersPhase
      .resources(world, hostOf(world, 'm1'))
      .flatMap(({ watches }) => watches.map(({ key }) => key));
    expect([...new Set(keys)]).toEqual([...accessLists, DECIDED]);
  });
});

describe('certificates of users', () => {
  it('are planned as a change of this machine, with the reason', () => {
    const world = sceneOf({
      users: [user('jane', { days: 10 })],
      store: { whyIssue: () => 'does not exist' },
    });
    expect(planned(world)).toEqual({
      'user-certificate:jane': 'create does not exist; made for 10 days, on this machine',
    });
  });
});

describe('the token file', () => {
  const row = 'secret,jane,k8s-bootstrap:jane,""\n';
  const others = {
    answers: { tokens: { code: 0, output: 'other joe\ntwice 0\nrows n d' } },
    files: { [MANIFEST]: { type: 'file', content: Buffer.from(`sum\t${tokensPath}\tapiserver\n`) } as never },
  };
  const tokens = (world: World): boolean => tokenFileOf(world, hostOf(world, 'm1')).wanted;
  const flag = (world: World): boolean =>
    unitOf(world).includes('--token-auth-file=/etc/kubernetes/pki/tokens.csv');
  const unitOf = (world: World): string => {
    const unit = apiserverPhase
      .resources(world, hostOf(world, 'm1'))
      .find(({ id }) => id === 'file:/etc/systemd/system/kube-apiserver.service')!;
    const change = unit.diff({ nonce: '', file: () => undefined } as unknown as Observed, new Map());
    return JSON.stringify(change);
  };

  it('is read by the API server only when somebody logs in by it', () => {
    expect([tokens(sceneOf({})), flag(sceneOf({}))]).toEqual([false, false]);
    const world = sceneOf({ store: { tokenRows: () => row } });
    expect([tokens(world), flag(world)]).toEqual([true, true]);
    const unmade = sceneOf({ store: { tokenRows: () => undefined } });
    expect([tokens(unmade), flag(unmade)]).toEqual([true, true]);
  });

  it('goes on being read for the rows of others that it was read for before', () => {
    expect(tokens(sceneOf({ sight: others }))).toBe(true);
    expect(tokens(sceneOf({ sight: { answers: others.answers } }))).toBe(false);
    const cis = worldOf({ inventory: { profile: 'cis' }, seen: { m1: others } });
    expect(tokens(cis)).toBe(false);
  });

  it('goes on being read for rows of users whom the folder does not know, and loses those it knows or that are no users', () => {
    const rows = (...names: string[]): Sight => ({
      ...others,
      answers: { tokens: { code: 0, output: names.map((name) => `own ${name}\n`).join('') + 'twice 0' } },
    });
    const denied = { revoked: () => [{ name: 'bob', at: '2026-01-01T00:00:00.000Z' }] };
    expect(tokens(sceneOf({ sight: rows('eve') }))).toBe(true);
    expect(tokens(sceneOf({ sight: rows('eve'), prune: true }))).toBe(false);
    expect(tokens(sceneOf({ sight: rows('bob'), store: denied }))).toBe(false);
    expect(tokens(sceneOf({ sight: rows('jane'), users: [user('jane')] }))).toBe(false);
    expect(tokens(sceneOf({ sight: rows('../../x', 'a\u001bb') }))).toBe(false);
    const world = sceneOf({ sight: rows('eve', 'bob'), store: { ...denied, tokenRows: () => row } });
    const seen = { ...world.seen('m1')!, file: () => textFile('') };
    const change = tokenFileOf(world, hostOf(world, 'm1')).resource.diff(seen, new Map());
    const summary = 'keeps 1 row of users that this state folder does not know: eve';
    expect(change).toMatchObject({ summary: expect.stringContaining(summary) as string });
  });

  it('stays as it is for users of the folder while nobody has told what was decided, in a run that began so', () => {
    const rows = 'secret,jane,k8s-bootstrap:jane,""\n';
    const sight: Sight = { ...others, answers: { tokens: { code: 0, output: 'own eve\nown bob\ntwice 0' } } };
    const store: Partial<World['users']> = {
      users: () => [user('jane', { auth: 'token' })],
      bearers: () => ['jane', 'ops'].map((name) => ({ name, lacksToken: false })),
      revoked: () => [{ name: 'bob', at: '2026-01-01T00:00:00.000Z' }],
      isDeclared: (name) => name === 'ops',
      tokenRows: (of = () => true) => (of('jane') ? rows : ''),
    };
    const scene = { ...sceneOf({ sight, store }), undecided: true };
    const { resource, wanted } = tokenFileOf(scene, hostOf(scene, 'm1'));
    expect([wanted, resource.wants?.()]).toEqual([true, '']);
    const seen = { ...scene.seen('m1')!, file: () => textFile('') };
    expect(resource.diff(seen, new Map())).toMatchObject({
      summary: expect.stringMatching(/^secret, 0 rows; .*keeps 2 rows .*: bob, eve$/) as string,
    });
    const sure = tokenFileOf({ ...scene, undecided: false }, hostOf(scene, 'm1')).resource;
    expect(sure.diff(seen, new Map())).toMatchObject({
      summary: expect.stringMatching(/^secret, 1 row; .*keeps 1 row .*: eve$/) as string,
    });
  });

  it('restarts the API server when it changes', () => {
    const world = sceneOf({ store: { tokenRows: () => row } });
    const service = apiserverPhase
      .resources(world, hostOf(world, 'm1'))
      .find(({ id }) => id.startsWith('service:'))!;
    const running = {
      active: 'active',
      enabled: 'enabled',
      runningRevision: 'a',
      diskRevision: 'a',
      load: 'loaded',
    };
    const seen = { unit: () => running } as unknown as Observed;
    const change = service.diff(seen, new Map([[`file:${tokensPath}`, { kind: 'update', summary: '' }]]));
    expect(change).toMatchObject({ kind: 'restart', because: [`${tokensPath} changes`] });
  });
});
