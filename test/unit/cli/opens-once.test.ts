import fs from 'node:fs';
import fsp from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { groupBy } from '../../../src/kernel/group-by.ts';
import { openPkiStore } from '../../../src/pki/open-pki-store.ts';
import { scratch } from '../../support/ssh-target.ts';
import { run } from './support.ts';

const folder = scratch();
const real = { readFile: fsp.readFile, readFileSync: fs.readFileSync };
const read: string[] = [];

/** Notes which files of the folder are read, by whichever of the two functions. */
beforeAll(() => {
  const noting =
    <Read extends (...args: never[]) => unknown>(action: Read) =>
    (...args: Parameters<Read>): unknown => {
      const [path] = args as unknown[];
      if (typeof path === 'string' && path.startsWith(folder.path))
        read.push(path.slice(folder.path.length + 1));
      return action(...args);
    };
  Object.assign(fsp, { readFile: noting(real.readFile as never) });
  Object.assign(fs, { readFileSync: noting(real.readFileSync as never) });
  syncBuiltinESMExports();
});
afterAll(() => {
  Object.assign(fsp, { readFile: real.readFile });
  Object.assign(fs, { readFileSync: real.readFileSync });
  syncBuiltinESMExports();
  folder.remove();
});

it('reads inventory, keys and users once on the way from a name to its rows on the masters', async () => {
  const ssh = `{ port: 1, keys: [], agent: false, password: none }`;
  folder.file(
    'inventory.yaml',
    `name: demo\nhosts: [{ name: m1, address: 127.0.0.1, ip: 192.0.2.11, ssh: ${ssh} }]\n`,
  );
  await openPkiStore(join(folder.path, '.k8s-bootstrap', 'demo')).ensure();
  const issue = (name: string) =>
    run(['-i', join(folder.path, 'inventory.yaml'), 'issue-user', name, '--role', 'admin', '--auth', 'both']);
  await issue('first');
  read.length = 0;
  const { stderr } = await issue('second');
  expect(stderr).toContain('E_CONNECT');
  const times = groupBy(read, (path) => path);
  expect(times.get('inventory.yaml')).toHaveLength(1);
  const keys = [...times].filter(([path]) => path.includes('/pki/'));
  expect(keys.length).toBeGreaterThan(5);
  expect(keys.filter(([, each]) => each.length > 1)).toEqual([]);
  // Once more under the lock, since another process may have added users meanwhile.
  expect([...times].filter(([, each]) => each.length > 2)).toEqual([]);
  expect(times.get('.k8s-bootstrap/demo/users.yaml')).toHaveLength(2);
});
