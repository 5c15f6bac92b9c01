import { homedir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { knownHostsElsewhere } from '../../../src/cluster/connect.ts';

it('keys that the machine knows, or has revoked, count beside those of the user, as with ssh itself', () => {
  expect(knownHostsElsewhere()).toEqual([join(homedir(), '.ssh', 'known_hosts'), '/etc/ssh/ssh_known_hosts']);
});
