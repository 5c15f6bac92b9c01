import { beforeEach, expect, it, vi } from 'vitest';
import type { RunOptions } from '../../../../src/cluster/visit.ts';
import { applyUsers } from '../../../../src/commands/users/apply-users.ts';
import { revokeUser } from '../../../../src/commands/users/revoke.ts';
import { BootstrapError } from '../../../../src/kernel/errors.ts';

const names = ['m1', 'm2', 'm3'];
const asked: { only: readonly string[]; converged: number } = { only: [], converged: 0 };
let standing = true;
let lost: readonly string[] = [];
const known = { users: [] as string[], revoked: [] as string[], there: [] as string[] };
const recorded: string[] = [];
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
      users: {
        users: () => known.users.map((name) => ({ name, groups: [] })),
        revoked: () => known.revoked.map((name) => ({ name, at: '' })),
        issued: () => [],
        isDeclared: () => false,
        tokenOf: () => undefined,
        revoke: (all: string[]) => Promise.resolve(void recorded.push(...all)),
      },
    }),
}));
vi.mock('../../../../src/cluster/visit.ts', () => ({
  visit: (options: { only: readonly string[] }, act: (run: unknown, plan: unknown) => Promise<number>) => {
    asked.only = options.only;
    const failed = new BootstrapError('E_CONNECT_REFUSED', 'off');
    const members = new Map(
      names.map((name) => {
        const seen = { object: () => ({ status }) };
        return [name, { name, seen, ...(lost.includes(name) ? { failed } : {}) }];
      }),
    );
    const hosts = names.map((name) => ({ name, roles: ['master'] }));
    const world = { inventory: { hosts }, facts: () => ({ cluster: standing ? {} : undefined }) };
    const users = { users: () => known.users.map((name) => ({ name })) };
    const cluster = { world: () => world, inventory: { name: 'x' }, forgotten: () => known.there, users };
    return act({ cluster, fleet: { members }, goal: {}, tell: () => Promise.resolve() }, { hosts: [] });
  },
}));

const results: unknown[] = [];
const options = {
  emit: (event: { type: string; data?: unknown }) => event.type === 'result' && results.push(event.data),
} as unknown as RunOptions;

beforeEach(() => {
  Object.assign(asked, { only: [], converged: 0 });
  Object.assign(known, { users: [], revoked: [], there: [] });
  [standing, lost, status] = [true, [], 200];
  recorded.length = 0;
  results.length = 0;
});

it('does with the masters that are there what it can, and tells of the others', async () => {
  lost = ['m3'];
  expect(await applyUsers(options, true)).toEqual({ code: 4, missed: ['m3'] });
  expect(asked.converged).toBe(1);
});

it('does nothing where no cluster stands', async () => {
  standing = false;
  await expect(applyUsers(options, true)).rejects.toMatchObject({ code: 'E_NO_CLUSTER' });
  lost = ['m1'];
  expect(await applyUsers(options, true)).toEqual({ code: 4, missed: ['m1'] });
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
  expect([recorded, asked.converged]).toEqual([['jane'], 1]);
});
