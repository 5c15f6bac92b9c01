import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { BootstrapError } from '../../../src/kernel/errors.ts';
import { loadInventory } from '../../../src/inventory/load.ts';
import { InventoryError } from '../../../src/inventory/problem.ts';
import { known } from './known.ts';
import { load } from './load-text.ts';

const CASES = join(import.meta.dirname, '../../cases/inventory');
const cases = readdirSync(CASES).filter((name) => name.endsWith('.yaml'));

/** What a user sees: the code, then each problem with its place; paths without the folder. */
async function complaintsAbout(file: string): Promise<string> {
  const error: unknown = await loadInventory(file, known).catch((thrown: unknown) => thrown);
  if (!(error instanceof BootstrapError)) return `no error but ${inspect(error)}`;
  expect(error.exitCode).toBe(2);
  const { line = 0, column = 0 } = error.where;
  const hint = error.hint === undefined ? '' : `\n    ${error.hint}`;
  const text =
    error instanceof InventoryError ? error.message : `${file}:${line}:${column} ${error.message}${hint}`;
  return `${error.code}\n${text}\n`.replaceAll(`${CASES}/`, '');
}

describe('a broken inventory', () => {
  it('has at least 20 cases, each with its messages', () => {
    expect(cases.length).toBeGreaterThan(20);
  });

  it.each(cases)('%s', async (name) => {
    const expected = readFileSync(join(CASES, name.replace(/yaml$/, 'txt')), 'utf8');
    expect(await complaintsAbout(join(CASES, name))).toBe(expected);
  });

  it('that does not exist says how to give one', async () => {
    const missing = loadInventory(join(CASES, 'no-such-file.yaml'), known);
    await expect(missing).rejects.toMatchObject({ code: 'E_INVENTORY_FILE', exitCode: 2 });
    await expect(missing).rejects.toThrow('no such file');
  });

  it('gives its problems as data, in file order', async () => {
    const thrown: unknown = await load('nam: x\nhosts:\n  - {name: a, adress: 1.2.3.4}\n').catch(
      (e: unknown) => e,
    );
    expect((thrown as InventoryError).problems).toMatchObject([
      { path: 'nam', message: 'unknown key; did you mean name?', where: { line: 1, column: 1 } },
      {
        path: 'hosts[0].adress',
        message: 'unknown key; did you mean address?',
        where: { line: 3, column: 15 },
      },
    ]);
  });

  it('never prints a secret, wherever it was written by mistake', async () => {
    const mistakes = [
      'ssh: {password: [hunter2]}',
      'ssh: {sudo: hunter2}',
      'ssh: {pasword: hunter2}',
      'ssh: {password: {value: hunter2}}',
      'proxy: {http: "me:hunter2@proxy:3128"}',
    ];
    for (const mistake of mistakes) {
      const error: unknown = await load(`name: a\nhosts: [{name: a, address: 1.2.3.4}]\n${mistake}\n`).catch(
        (e: unknown) => e,
      );
      expect(error).toBeInstanceOf(InventoryError);
      expect(inspect(error, { depth: 20 })).not.toContain('hunter2');
    }
  });
});

describe('an even number of members of etcd', () => {
  it.each([
    [2, '2 hosts run etcd (m1, m2), which survives no failure, just as 1 would'],
    [4, '4 hosts run etcd (m1, m2, m3, m4), which survives the failure of 1, just as 3 would'],
  ])('%i: is warned of, and taken: one of three may have left', async (count, told) => {
    const hosts = `{ name: 'm[1-${count}]', address: '1.2.3.[1-${count}]', roles: [master, etcd] }`;
    const { warnings } = await load(`name: a\nhosts: [${hosts}]\n`);
    expect(warnings.map(({ message }) => message)).toEqual([told]);
  });
});

describe('warnings', () => {
  const warningsOf = async (text: string): Promise<string[]> => {
    const { warnings } = await load(`name: a\nhosts: [{name: a, address: 1.2.3.4}]\n${text}`);
    return warnings.map(({ path, message }) => `${path}: ${message}`);
  };

  it('none for a plain inventory', async () => {
    expect(await warningsOf('')).toEqual([]);
  });

  it('for a secret in plain text, not for one from the environment', async () => {
    const text = 'ssh: {password: hunter2, sudo: {password: "${env:NODE_PASSWORD}"}}\n';
    expect(await warningsOf(text)).toEqual(['ssh.password: a secret in plain text']);
  });

  it('for the open door of profile course', async () => {
    expect(await warningsOf('profile: course\n')).toEqual([
      'profile: anybody who reaches port 8080 of a master is its administrator, without logging in',
    ]);
  });

  it('for rights that come to more than they say, of a preset or of rules', async () => {
    const reads = (resource: string, more = ''): string =>
      `{clusterRules: [{apiGroups: [""], resources: ["${resource}"], verbs: [get]${more}}]}`;
    const roles = [
      'admin',
      'view',
      'cluster-admin',
      reads('*'),
      reads('pods'),
      reads('secrets', ', resourceNames: [x]'),
    ];
    const users = roles.map((role, index) => `{name: u${index}, role: ${role}}`);
    const told = await warningsOf(`users: [${users.join(', ')}]\n`);
    expect(told.map((text) => text.split(',')[0])).toEqual([
      'users[0].role: u0 reads every secret of the cluster',
      'users[0].role: u0 starts pods',
      'users[3].role: u3 reads every secret of the cluster',
    ]);
  });

  it('for nodes that depend on one of several masters', async () => {
    const masters = (balancer: string): Promise<string[]> =>
      load(
        `name: a\nhosts: [{ name: 'm[1-3]', address: '10.0.0.[1-3]', roles: [master, etcd] }]\napiServer: { ${balancer} }\n`,
      ).then(({ warnings }) => warnings.map(({ path, message }) => `${path}: ${message}`));
    expect(await masters('balancer: none')).toEqual([
      'apiServer.balancer: none: no other node can do without m1, the first of the masters',
    ]);
    expect(await masters('balancer: local')).toEqual([]);
    expect(await masters('endpoint: api.test, balancer: external')).toEqual([]);
    expect(await warningsOf('apiServer: { balancer: none }\n')).toEqual([]);
    expect(await masters('keepalived: { vip: 10.0.0.9 }')).toEqual([]);
    expect(await warningsOf('apiServer: { keepalived: { vip: 10.0.0.9 } }\n')).toEqual([
      'apiServer.keepalived: a is the only master: the address goes nowhere else',
    ]);
  });

  it('for a deprecated and for a managed flag', async () => {
    const text =
      'apiServer: {extraArgs: {admission-control: AlwaysAdmit, etcd-servers: "https://127.0.0.1:2379"}}\n';
    expect(await warningsOf(text)).toEqual([
      'apiServer.extraArgs.admission-control: --admission-control is deprecated: a later version may not know it',
      'apiServer.extraArgs.admission-control: kube-apiserver with --admission-control=AlwaysAdmit: it replaces all checks on writes, the default ones too (CIS 1.2.11)',
      'apiServer.extraArgs.etcd-servers: --etcd-servers of kube-apiserver is set to fit the cluster; your value replaces it',
    ]);
  });
});

describe('what is written in another way and meant the same', () => {
  it('registries with a scheme, addresses with a slash, names with the dot of the root', async () => {
    const { inventory } = await load(`
name: demo
hosts: [{ name: m1, address: m1.example.com., ip: 192.168.139.10, roles: [master, etcd, worker] }]
network: { clusterDomain: cluster.local. }
apiServer: { endpoint: 'api.example.com.:6443', certSANs: [k8s.example.com.] }
runtime:
  insecureRegistries: ['http://192.168.1.5:5000', 'HTTPS://registry.test:5000/']
  mirrors: { docker.io: [https://mirror.test/], '*': [https://a.test/hub] }
images: { pause: 'registry.test:5000/pause:3.1' }
`);
    expect(inventory.hosts[0]?.address).toBe('m1.example.com');
    expect(inventory.network.clusterDomain).toBe('cluster.local');
    expect(inventory.apiServer).toMatchObject({
      endpoint: 'api.example.com:6443',
      certSANs: ['k8s.example.com'],
    });
    expect(inventory.runtime).toMatchObject({
      insecureRegistries: ['192.168.1.5:5000', 'registry.test:5000'],
      mirrors: { 'docker.io': ['https://mirror.test'], '*': ['https://a.test/hub'] },
    });
  });
});
