import { beforeEach, expect, it, vi } from 'vitest';
import type { RunOptions } from '../../../../src/cluster/visit.ts';
import { type Standing, applyUsers } from '../../../../src/commands/users/apply-users.ts';
import { revokeUser } from '../../../../src/commands/users/revoke.ts';
import type { Decision } from '../../../../src/users/decisions.ts';
import { BootstrapError } from '../../../../src/kernel/errors.ts';

const names = ['m1', 'm2', 'm3'];
const asked: { only: readonly string[]; mends: readonly string[]; converged: number } = {
  only: [],
  mends: [],
  converged: 0,
};
let standing = true;
let lost: readonly string[] = [];
const known = {
  users: [] as string[],
  revoked: [] as string[],
  there: [] as string[],
  /** What the cluster was told last, and the state folder. */
  gone: [] as object[],
  admitted: [] as object[],
  decided: [] as Decision[],
  here: [] as Decision[],
};
let again = false;
let broken: BootstrapError | undefined;
const recorded: (string | undefined)[][] = [];
let status = 200;

vi.mock('../../../../src/run/converge.ts', () => ({
  converge: () => Promise.resolve(void (asked.converged += 1)),
  consider: () => Promise.resolve({ hosts: [] }),
  tellPlan: () => Promise.resolve(),
}));
vi.mock('../../../../src/cluster/open-state.ts', () => ({
  openState: () =>
    Promise.resolve({
      inventory: { file: 'inventory.yaml' },
      now: new Date(),
      stateFolder: '/nowhere',
      users: {
        users: () => known.users.map((name) => ({ name, groups: [] })),
        revoked: () => known.revoked.map((name) => ({ name, at: '' })),
        issued: () => [],
        decisions: () => known.here,
        isDeclared: () => false,
        tokenOf: () => undefined,
        revoke: (...what: string[]) => Promise.resolve(void recorded.push(what)),
      },
    }),
}));
vi.mock('../../../../src/cluster/visit.ts', () => ({
  visit: (
    options: { only: readonly string[]; mends: readonly string[] },
    act: (run: unknown, plan: unknown) => Promise<number>,
  ) => {
    Object.assign(asked, { only: options.only, mends: options.mends });
    if (broken) return Promise.reject(broken);
    const failed = new BootstrapError('E_CONNECT_REFUSED', 'off');
    const members = new Map(
      names.map((name) => {
        const seen = { object: () => ({ status }) };
        return [name, { name, seen, ...(lost.includes(name) ? { failed } : {}) }];
      }),
    );
    const hosts = names.map((name) => ({ name, roles: ['master'] }));
    const data = {
      'revoked.json': JSON.stringify(known.gone),
      'admitted.json': JSON.stringify(known.admitted),
    };
    const world = {
      inventory: { hosts },
      facts: () => ({ cluster: standing ? {} : undefined }),
      seen: () => ({ object: () => ({ body: { data } }) }),
      users: { decisions: () => known.decided },
    };
    const users = { users: () => known.users.map((name) => ({ name })) };
    const cluster = {
      world: () => world,
      reconsider: () => again,
      inventory: { name: 'x' },
      forgotten: () => known.there,
      users,
    };
    return act({ cluster, fleet: { members }, goal: {}, tell: () => Promise.resolve() }, { hosts: [] });
  },
}));

const results: unknown[] = [];
const options = {
  emit: (event: { type: string; data?: unknown }) => event.type === 'result' && results.push(event.data),
} as unknown as RunOptions;

beforeEach(() => {
  Object.assign(asked, { only: [], converged: 0 });
  Object.assign(known, { users: [], revoked: [], there: [], gone: [], admitted: [], decided: [], here: [] });
  [broken, again] = [undefined, false];
  [standing, lost, status] = [true, [], 200];
  recorded.length = 0;
  results.length = 0;
});

const apply = (
  name = 'jane',
  decide: (standing: Standing) => void = () => undefined,
): ReturnType<typeof applyUsers> =>
  applyUsers(options, name, true, (standing) => {
    decide(standing);
    return Promise.resolve();
  });

it('does with the masters that are there what it can, and tells of the others', async () => {
  lost = ['m3'];
  expect(await apply()).toEqual({ code: 4, missed: ['m3'] });
  expect(asked.converged).toBe(1);
});

const THEN = '2026-01-02T03:04:05.000Z';
const SMALL = '1'.repeat(32);

it('gives nobody other rights than were decided since this state folder was written, but of whom it decides', async () => {
  known.gone = [{ name: 'bob', at: THEN }];
  known.decided = [{ name: 'bob', at: '2026-01-01T00:00:00.000Z', rights: 'x' }];
  await expect(apply()).rejects.toMatchObject({ code: 'E_USER_REVOKED' });
  Object.assign(known, { gone: [], admitted: [{ name: 'bob', at: THEN, rights: SMALL }] });
  await expect(apply()).rejects.toMatchObject({ code: 'E_USER_OUTDATED' });
  expect(asked.converged).toBe(0);
  const told: unknown[] = [];
  const decided = await apply('bob', ({ there }) => {
    told.push(there);
    known.decided = [{ name: 'bob', at: '2026-01-03T00:00:00.000Z', rights: 'x' }];
  });
  expect(decided).toEqual({ code: 0, missed: [] });
  expect(told).toEqual([{ name: 'bob', at: THEN, rights: SMALL }]);
  expect(asked.mends).toEqual(['revoked-users', 'outdated-users']);
});

it('does what had to wait for an API server that tells of people', async () => {
  again = true;
  expect(await apply()).toEqual({ code: 0, missed: [] });
  expect(asked.converged).toBe(2);
});

it('does nothing where no cluster stands', async () => {
  standing = false;
  await expect(apply()).rejects.toMatchObject({ code: 'E_NO_CLUSTER' });
  lost = ['m1'];
  expect(await apply()).toEqual({ code: 4, missed: ['m1'] });
  expect(asked.converged).toBe(0);
});

it.each([
  [{ users: ['jane'] }, false],
  [{ there: ['jane'] }, true],
  [{ revoked: ['jane'] }, true],
])('revoke looks for token rows on this machine knowing %j: %s', async (more, tokens) => {
  Object.assign(known, more);
  lost = ['m2'];
  expect(await revokeUser('jane', options)).toBe(4);
  expect(asked.only.includes('apiserver')).toBe(tokens);
  expect(results).toMatchObject([{ applied: false, missed: ['m2'] }]);
});

it.each<[string, { lost?: string[]; status?: number }, string, number, string]>([
  ['the masters do not know either', {}, 'E_USER_UNKNOWN', 2, 'there is no user "jnae"; did you mean jane?'],
  ['a master that is away may know', { lost: ['m2'] }, 'E_API', 1, 'm2 could not be asked'],
  ['no API server is there to ask about', { status: 0 }, 'E_API', 1, 'no API server answers'],
])('revoke records no name that %s', async (_what, more, code, exitCode, says) => {
  known.users = ['jane'];
  ({ lost = [], status = 200 } = more);
  await expect(revokeUser('jnae', options)).rejects.toMatchObject({
    code,
    exitCode,
    message: expect.stringContaining(says) as string,
  });
  expect([recorded, asked.converged, results]).toEqual([[], 0, []]);
});

it('revoke takes back what the masters hold of a name that is not known here', async () => {
  known.there = ['jane'];
  expect(await revokeUser('jane', options)).toBe(0);
  expect([recorded, asked.converged]).toEqual([[['jane', undefined]], 1]);
});

it('revoke is later than all that the cluster was told, whatever the clock here says', async () => {
  Object.assign(known, { users: ['jane'], admitted: [{ name: 'jane', at: THEN, rights: SMALL }] });
  await revokeUser('jane', options);
  Object.assign(known, { admitted: [], gone: [{ name: 'jane', at: THEN }] });
  await revokeUser('jane', options);
  expect(recorded).toEqual([
    ['jane', THEN],
    ['jane', undefined],
  ]);
  expect(results).toMatchObject([{ deleted: null }, { deleted: null }]);
});

it('revoke looks for token rows where the folder is older than what the cluster was told', async () => {
  Object.assign(known, { users: ['jane'], admitted: [{ name: 'jane', at: THEN, rights: SMALL }] });
  known.here = [{ name: 'jane', at: '2026-01-01T00:00:00.000Z', rights: SMALL }];
  expect(await revokeUser('jane', options)).toBe(0);
  expect([asked.only.includes('apiserver'), asked.converged]).toEqual([true, 2]);
});

it('revoke is recorded of a known user although the masters are not fit for a run', async () => {
  Object.assign(known, { users: ['jane'], there: ['joe'] });
  broken = new BootstrapError('E_PREFLIGHT', 'x');
  await expect(revokeUser('jane', options)).rejects.toMatchObject({
    code: 'E_PREFLIGHT',
    hint: expect.stringContaining('jane is revoked on this machine only, and may still get in') as string,
  });
  await expect(revokeUser('joe', options)).rejects.toMatchObject({ code: 'E_PREFLIGHT', hint: undefined });
  expect(recorded).toEqual([['jane']]);
});

it('revoke takes a name that only the cluster was told of', async () => {
  known.admitted = [{ name: 'jane', at: THEN, rights: SMALL }];
  expect(await revokeUser('jane', options)).toBe(0);
  expect(recorded).toEqual([['jane', THEN]]);
});
