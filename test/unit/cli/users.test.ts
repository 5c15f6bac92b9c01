import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { specFor } from '../../../src/pki/profiles.ts';
import { openPkiStore, type PkiStore } from '../../../src/pki/open-pki-store.ts';
import { scratch } from '../../support/ssh-target.ts';
import { subject } from '../pki/support.ts';
import { run, type Ended } from './support.ts';

const folder = scratch();
const state = join(folder.path, '.k8s-bootstrap', 'demo');
const inventory = (name = 'inventory.yaml', more = ''): string =>
  folder.file(name, `name: demo\nhosts: [{ name: m1, address: 192.0.2.11 }]\n${more}`);
const files = (): string[] => readdirSync(state, { recursive: true, encoding: 'utf8' }).sort();
const secretsIn = ({ stdout, stderr }: Ended): boolean => /PRIVATE KEY|[0-9a-f]{64}/.test(stdout + stderr);

let pki: PkiStore;

beforeAll(async () => {
  inventory();
  pki = openPkiStore(state);
  await pki.ensure();
});

afterAll(() => {
  folder.remove();
});

const issue = (...args: string[]): Promise<Ended> =>
  run(['-i', join(folder.path, 'inventory.yaml'), 'issue-user', ...args, '--no-apply']);

describe('issue-user', () => {
  it('puts everything into the folder asked for, and shows no secret', async () => {
    const out = join(folder.path, 'out');
    const ended = await issue(
      'admin',
      '--role',
      'admin',
      '--auth',
      'both',
      '--group',
      'devs',
      '--group',
      'ops',
      '--days',
      '3650',
      '--out',
      out,
    );
    expect(ended.code, ended.stderr).toBe(0);
    expect(readdirSync(out).sort()).toEqual([
      'admin.crt',
      'admin.csr',
      'admin.key',
      'admin.kubeconfig',
      'admin.token',
      'ca.crt',
      'rbac.yaml',
    ]);
    for (const name of ['admin.key', 'admin.token', 'admin.kubeconfig']) {
      expect(statSync(join(out, name)).mode & 0o777, name).toBe(0o600);
    }
    expect(ended.stdout).toContain(`kubectl --kubeconfig ${out}/admin.kubeconfig get pods`);
    expect(secretsIn(ended)).toBe(false);
    const token = readFileSync(join(out, 'admin.token'), 'utf8').trim();
    expect(readFileSync(join(state, 'tokens.csv'), 'utf8')).toContain(
      `${token},admin,k8s-bootstrap:admin,"devs,ops"\n`,
    );
    const again = await issue('admin', '--out', out);
    expect(again.stdout).toContain('Kept the certificate of admin');
    expect(readFileSync(join(out, 'admin.token'), 'utf8').trim()).toBe(token);
  });

  it.each([
    [['a,b'], 'E_USER_NAME'],
    [['a"b'], 'E_USER_NAME'],
    [['a\nb'], 'E_USER_NAME'],
    [['../x'], 'E_USER_NAME'],
    [['zoé'], 'E_USER_NAME'],
    [['x'.repeat(200)], 'E_USER_NAME'],
    [['bob', '--group', 'a,b'], 'E_USER_NAME'],
    [['bob', '--group', 'system:masters'], 'E_USER_NAME'],
    [
      ['bob', '--role', 'admni'],
      'E_ROLE: "admni" is neither a preset nor a file of YAML; did you mean admin?',
    ],
    [['bob', '--namespace', 'team-a'], 'E_ROLE'],
    [['bob', '--role', 'view', '--namespace', 'A/B'], 'E_USER_NAME'],
  ])('refuses %j with code 2 and writes nothing', async (args, says) => {
    const before = files();
    const { code, stderr } = await issue(...args);
    expect(code).toBe(2);
    expect(stderr).toContain(says);
    expect(files()).toEqual(before);
  });

  it.each([
    ['--days', '0'],
    ['--days', 'many'],
    ['--days', '3651'],
    ['--auth', 'password'],
  ])('refuses %s %s', async (...args) => {
    expect((await issue('bob', ...args)).code).toBe(2);
  });

  it('takes rules from a file, also from manifests', async () => {
    const rules = folder.file(
      'role.yaml',
      'kind: Role\nrules: [{ apiGroups: [""], resources: [pods], verbs: [get] }]\n---\nkind: ClusterRole\nrules: [{ resources: [nodes], apiGroups: [""], verbs: [list] }]\n',
    );
    expect((await issue('ruler', '--role', rules)).code).toBe(0);
    const { stdout } = await run(['-i', join(folder.path, 'inventory.yaml'), 'rbac', 'render', 'ruler']);
    expect([...stdout.matchAll(/^kind: (\S+)/gm)].map(([, kind]) => kind)).toEqual([
      'Role',
      'ClusterRole',
      'RoleBinding',
      'ClusterRoleBinding',
    ]);
    expect(readFileSync(join(state, 'users', 'ruler', 'rbac.yaml'), 'utf8')).toBe(stdout);
  });

  it.each([
    ['admin', /warning: anna reads every secret of the cluster[^\n]*\nwarning: anna starts pods/],
    ['deployer', /^warning: anna starts pods, which may mount every secret/m],
    ['view', /^(?![^]*warning: anna)/],
  ])('tells what role %s comes to', async (role, says) => {
    expect((await issue('anna', '--role', role)).stderr).toMatch(says);
  });

  it('refuses a token in profile cis, and another definition than the inventory has', async () => {
    const cis = inventory('cis.yaml', 'profile: cis\n');
    const refused = await run(['-i', cis, 'issue-user', 'tom', '--auth', 'token', '--no-apply']);
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('E_USER_TOKEN') as string });
    const declared = inventory('declared.yaml', 'users: [{ name: dora, role: view }]\n');
    const other = await run(['-i', declared, 'issue-user', 'dora', '--role', 'edit', '--no-apply']);
    expect(other).toMatchObject({ code: 2, stderr: expect.stringContaining('E_USER_DECLARED') as string });
    expect((await run(['-i', declared, 'issue-user', 'dora', '--no-apply'])).code).toBe(0);
    expect(await run(['-i', declared, 'users', 'revoke', 'dora'])).toMatchObject({ code: 2 });
    expect(existsSync(join(state, 'users', 'dora', 'dora.crt'))).toBe(true);
  });

  it('refuses to revoke what is no name of a user', async () => {
    const { code, stderr } = await run([
      '-i',
      join(folder.path, 'inventory.yaml'),
      'users',
      'revoke',
      '../../pki',
    ]);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining('E_USER_NAME') as string });
    expect(existsSync(join(state, 'pki', 'ca.key'))).toBe(true);
  });
});

describe('rbac render', () => {
  it.each(['admin', 'deployer'])('%s needs no inventory', async (preset) => {
    const { code, stdout } = await run([
      '-i',
      '/nowhere.yaml',
      'rbac',
      'render',
      preset,
      '--user',
      'jane',
      '--namespace',
      'a',
    ]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/kind: Role\n/);
    expect(stdout).toContain('name: jane');
  });

  it('does not know everything', async () => {
    const { code, stderr } = await run([
      '-i',
      join(folder.path, 'inventory.yaml'),
      'rbac',
      'render',
      'nobody',
    ]);
    expect(code).toBe(2);
    expect(stderr).toContain('neither a user of the cluster nor a preset');
  });
});

describe('users kubeconfig and whoami', () => {
  it('print the kubeconfig on stdout alone, and who its holder is for the server', async () => {
    await issue('walt', '--group', 'devs');
    const printed = await run(['-i', join(folder.path, 'inventory.yaml'), 'users', 'kubeconfig', 'walt']);
    expect(printed).toMatchObject({ code: 0, stderr: '' });
    const served = await pki.issue(
      specFor('apiserver', { ...subject, node: { name: 'm1', ips: ['127.0.0.1'] } }),
    );
    // What everybody may who is known.
    let rules: object[] = [
      {
        verbs: ['create'],
        apiGroups: ['authorization.k8s.io'],
        resources: ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'],
      },
    ];
    const server = createServer(
      {
        cert: served.certificate,
        key: served.key.reveal(),
        ca: pki.clientCaPem(),
        requestCert: true,
        rejectUnauthorized: true,
      },
      (request, answer) => {
        const { CN } = (
          request.socket as unknown as Pick<TLSSocket, 'getPeerCertificate'>
        ).getPeerCertificate().subject;
        if (request.method === 'POST') {
          answer.statusCode = 201;
          answer.end(JSON.stringify({ status: { resourceRules: rules } }));
          return;
        }
        answer.statusCode = 403;
        answer.end(JSON.stringify({ message: `forbidden: User "${String(CN)}" cannot get path "/"` }));
      },
    );
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
    try {
      const { port } = server.address() as AddressInfo;
      const kubeconfig = folder.file(
        'walt.conf',
        printed.stdout.replace(/server: .*/, `server: https://127.0.0.1:${port}`),
      );
      const asking = ['users', 'whoami', '--kubeconfig', kubeconfig];
      expect((await run(asking)).stdout).toContain('knows walt, who may do nothing in namespace default');
      rules = [...rules, { verbs: ['get'], apiGroups: [''], resources: ['pods'] }];
      const { code, stdout, stderr } = await run(asking);
      expect(code, stderr).toBe(0);
      expect(stdout).toMatch(/certificate {2}walt, groups devs, until 20\d\d-/);
      expect(stdout).toContain('lets in walt');
      expect(secretsIn({ code, stdout, stderr })).toBe(false);
    } finally {
      server.close();
    }
  });

  it('tells since when one was revoked, and how the user is let in again', async () => {
    const gone = folder.file('gone.yaml', 'name: gone\nhosts: [{ name: m1, address: 192.0.2.11 }]\n');
    const there = join(folder.path, '.k8s-bootstrap', 'gone');
    await openPkiStore(there).ensure();
    writeFileSync(
      join(there, 'users.yaml'),
      "users: []\nrevoked: [{ name: jim, at: '2026-11-30T08:00:00.000Z' }]\n",
      { mode: 0o600 },
    );
    const { code, stderr } = await run(['-i', gone, 'users', 'kubeconfig', 'jim']);
    expect(code).toBe(2);
    expect(stderr).toContain('error E_USER_REVOKED: jim was revoked on 2026-11-30T08:00:00.000Z\n');
    expect(stderr).toContain('issue-user jim --role ROLE');
  });

  it.each([
    [['users', 'kubeconfig', 'nobody'], 'E_USER_UNKNOWN'],
    [['users', 'whoami', '--kubeconfig', '/nowhere'], 'E_KUBECONFIG'],
  ])('%j ends with code 2', async (args, says) => {
    const { code, stderr } = await run(['-i', join(folder.path, 'inventory.yaml'), ...args]);
    expect(code).toBe(2);
    expect(stderr).toContain(says);
  });
});
