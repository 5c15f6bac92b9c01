import { expect, it } from 'vitest';
import { authError } from '../../../src/transport/connection-errors.ts';
import type { SshTarget } from '../../../src/transport/target.ts';

const target = { host: 'm1', address: '192.0.2.1', ssh: { user: 'root', port: 22 } } as unknown as SshTarget;

it.each([
  [['password'], 'Check ssh.user and ssh.password in the inventory', 'by hand: ssh -p 22 root@192.0.2.1'],
  [['key /k/id a'], 'Check ssh.user and ssh.keys', "by hand: ssh -i '/k/id a' -p 22 root@192.0.2.1"],
  [[], 'init: --user and --key', 'by hand: ssh -p 22 root@192.0.2.1'],
])('a login that was refused after %j points at what was tried', (tried, check, command) => {
  const { hint } = authError(target, { tried, unusable: [], offered: undefined, said: '' }, new Error('no'));
  expect(hint).toContain(check);
  expect(hint).toContain(command);
});
