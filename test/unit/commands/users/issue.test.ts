import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, it, vi } from 'vitest';
import { type IssueOptions, issueUser } from '../../../../src/commands/users/issue.ts';
import type { GivenUser } from '../../../../src/commands/users/wanted.ts';
import type { Decision } from '../../../../src/users/decisions.ts';
import { type Place, SERVER, place, store, user } from '../../users/support.ts';

const THEN = '2036-01-02T03:04:05.000Z';
const NEXT = '2036-01-02T03:04:05.001Z';
let here: Place;
let there: Decision | undefined;

vi.mock('../../../../src/commands/users/apply-users.ts', () => ({
  applyUsers: async (
    _options: unknown,
    _name: string,
    _tokens: boolean,
    decide: (standing: { there: Decision | undefined }) => Promise<void>,
  ) => {
    await decide({ there });
    return { code: 0, missed: [] };
  },
}));
vi.mock('../../../../src/cluster/open-state.ts', () => ({
  openState: async () => ({
    inventory: {
      profile: 'secure',
      hosts: [{ name: 'm1', ip: '192.0.2.11', roles: ['master'] }],
      apiServer: { port: 6443 },
    },
    users: await store(here),
    pki: here.pki,
    stateFolder: here.folder,
    now: new Date(),
    guard: () => undefined,
  }),
}));
vi.mock('../../../../src/phases/shared/topology.ts', () => ({ apiEndpoint: () => SERVER }));

const notes: string[] = [];
const issue = (name: string, given: GivenUser = {}, apply = true): Promise<number> =>
  issueUser({
    name,
    given,
    apply,
    renew: false,
    out: undefined,
    emit: (event: { type: string; message?: string }) => {
      if (event.type === 'note') notes.push(event.message ?? '');
    },
  } as unknown as IssueOptions);
const decided = async (): Promise<readonly Decision[]> => (await store(here)).decisions();

beforeEach(async () => {
  here = await place();
  there = undefined;
  notes.length = 0;
  await (await store(here)).add(user('bob', { auth: 'token', role: 'edit' }), SERVER, false);
});

it('what an old folder has of a user is not given again by a command that says nothing of rights', async () => {
  const before = await decided();
  there = { name: 'bob', at: THEN, rights: '0'.repeat(32) };
  await expect(issue('bob', { days: 3 })).rejects.toMatchObject({ code: 'E_USER_OUTDATED' });
  expect(await decided()).toEqual(before);
  await issue('bob', { role: 'view' });
  expect(await decided()).toMatchObject([{ name: 'bob', at: NEXT }]);
});

it('a user whom another folder let in is not taken for a new one without rights', async () => {
  there = { name: 'eve', at: THEN, rights: '0'.repeat(32) };
  await expect(issue('eve')).rejects.toMatchObject({ code: 'E_USER_OUTDATED' });
  expect((await decided()).map(({ name }) => name)).toEqual(['bob']);
  await issue('eve', { role: 'view' });
  expect(await decided()).toMatchObject([{ name: 'bob' }, { name: 'eve', at: NEXT }]);
});

it('who was revoked since is let in again, later than that, and it is said', async () => {
  there = { name: 'bob', at: THEN, rights: undefined };
  await issue('bob');
  expect(await decided()).toMatchObject([{ name: 'bob', at: NEXT }]);
  expect(notes).toEqual(['bob was revoked on 2036-01-02, as the cluster knows, and is let in again']);
});

it('a token that is lost is not replaced in silence', async () => {
  rmSync(join(here.folder, 'tokens.csv'));
  await expect(issue('bob', {}, false)).rejects.toMatchObject({ code: 'E_STATE_MISSING' });
  await expect(issue('bob')).rejects.toMatchObject({ code: 'E_STATE_MISSING' });
  expect((await store(here)).tokenOf('bob')).toBeUndefined();
});
