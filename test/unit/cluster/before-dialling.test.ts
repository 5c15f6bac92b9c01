import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { visitHosts } from '../../../src/cluster/visit-hosts.ts';
import { readInventory } from '../../../src/cluster/read-inventory.ts';
import { sshLogin } from '../../../src/commands/ssh/ssh.ts';
import { trust } from '../../../src/commands/trust/trust.ts';
import { openExample } from '../../support/example-cluster.ts';
import { temporaryFolder } from '../pki/support.ts';

let dialled = 0;
const server = createServer((socket) => {
  dialled += 1;
  socket.destroy();
});
beforeAll(() => new Promise<void>((done) => server.listen(0, '127.0.0.1', done)));
afterAll(() => server.close());

const end = new AbortController();
const kill = end.signal;
const quiet = (): void => undefined;

function inventoryBeside(mode: number): string {
  const folder = temporaryFolder();
  const { port } = server.address() as AddressInfo;
  const host = `{name: m1, address: 127.0.0.1, ip: 192.0.2.1, roles: [master, etcd, worker], ssh: {port: ${port}}}`;
  writeFileSync(join(folder, 'inventory.yaml'), `name: prod\nhosts:\n  - ${host}\n`);
  mkdirSync(join(folder, '.k8s-bootstrap/prod'), { recursive: true });
  chmodSync(join(folder, '.k8s-bootstrap/prod'), mode);
  return join(folder, 'inventory.yaml');
}

const ways: Record<string, (file: string) => Promise<unknown>> = {
  visitHosts: async (file) =>
    visitHosts(
      { ...(await readInventory(file, {}, new Set())), hosts: ['m1'] },
      { command: 'plan', emit: quiet, acceptNewHostKeys: false, confirm: undefined, kill },
      () => Promise.resolve(0),
    ),
  trust: (file) =>
    trust({
      file,
      env: {},
      secrets: new Set(),
      hosts: [],
      replace: false,
      confirm: undefined,
      emit: quiet,
      kill,
    }),
  ssh: (file) => sshLogin(file, {}, new Set(), 'm1', [], kill),
};

it.each(Object.keys(ways))('%s dials nobody with a state folder that is open to others', async (way) => {
  dialled = 0;
  await expect(ways[way]?.(inventoryBeside(0o777))).rejects.toThrow(
    expect.objectContaining({ code: 'E_STATE_PERMISSIONS' }) as Error,
  );
  expect(dialled).toBe(0);
});

it('dials with one that is not', async () => {
  dialled = 0;
  server.once('connection', () => {
    end.abort();
  });
  await ways['trust']?.(inventoryBeside(0o700)).catch(quiet);
  expect(dialled).toBeGreaterThan(0);
});

it('opens no cluster with a cache that others can write', async () => {
  const cache = temporaryFolder();
  chmodSync(cache, 0o777);
  const edit = (text: string): string => `${text}\nartifacts: {cache: ${cache}}\n`;
  await expect(
    openExample({ name: 'course', inventory: 'course.yaml', family: 'centos', edit }),
  ).rejects.toThrow(expect.objectContaining({ code: 'E_STATE_PERMISSIONS' }) as Error);
});
