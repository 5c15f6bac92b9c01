import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { localSession } from '../../../src/transport/local-session.ts';
import { failure, scratch } from '../../support/ssh-target.ts';

let folder: ReturnType<typeof scratch>;
beforeEach(() => {
  folder = scratch();
});
afterEach(() => {
  folder.remove();
});

it('ends a command’s children too, at its time limit and when it is closed', async () => {
  const session = localSession();
  const mark = join(folder.path, 'mark');
  const command = `(sleep 0.8; touch ${mark}) & wait`;
  expect((await failure(session.exec(command, { timeoutMs: 100 }))).code).toBe('E_TIMEOUT');
  const running = session.exec(command);
  await sleep(100);
  await session.close();
  expect((await running).code).toBe(137);
  await sleep(1200);
  expect(existsSync(mark)).toBe(false);
});

it('names a shell that is not there', async () => {
  const error = await failure(localSession({ shell: '/no/such/shell' }).exec('true'));
  expect(error.code).toBe('E_CHANNEL');
  expect(error.message).toContain('/no/such/shell');
});

it('has a time limit of its own for commands without one', async () => {
  const session = localSession({ host: 'here', timeoutMs: 100 });
  expect((await failure(session.exec('sleep 5'))).message).toContain('here');
});
