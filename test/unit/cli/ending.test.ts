import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPkiStore } from '../../../src/pki/open-pki-store.ts';
import { scratch } from '../../support/ssh-target.ts';
import { run } from './support.ts';

const folder = scratch();

/** A port that nobody listens on: every command goes its whole way, and no host is there. */
const file = folder.file(
  'inventory.yaml',
  'name: demo\nssh: { port: 1 }\nhosts: [{ name: m1, address: 127.0.0.1, ip: 192.0.2.1, roles: [master, etcd, worker, nfs] }]\nnfs: { exports: [{ path: /nfsdata }] }\n',
);

beforeAll(async () => {
  await openPkiStore(join(folder.path, '.k8s-bootstrap', 'demo')).ensure();
});

afterAll(() => {
  folder.remove();
});

const TABLE = /^HOST +STATE +CHANGED +TIME +RESTARTED$/m;

/** How each command that goes to hosts ends for a person. */
const endings = {
  table: [
    'up',
    'preflight',
    'certs renew',
    'certs renew --dry-run',
    'issue-user jane --role view',
    'users revoke jim',
    'nfs setup',
  ],
  answer: ['plan', 'status', 'certs list', 'users list', 'nfs check', 'nfs status', 'logs etcd'],
  // They end with what they wrote; nothing is written when nobody answers.
  neither: ['init localhost --port 1 --output new.yaml', 'adopt', 'nfs remove /old'],
};

const cases = Object.entries(endings).flatMap(([ending, commands]) =>
  commands.map((command) => ({ ending, command })),
);

describe('a command that goes to hosts', () => {
  it.concurrent.each(cases)('ends with $ending: $command', async ({ ending, command }) => {
    const words = command.replace('new.yaml', join(folder.path, 'new.yaml')).split(' ');
    const { stdout, stderr } = await run(['-i', file, ...words], { HOME: folder.path });
    expect(stderr).toMatch(/error E_(UNREACHABLE|CONNECT)/);
    expect(TABLE.test(stdout), stdout + stderr).toBe(ending === 'table');
  });
});
