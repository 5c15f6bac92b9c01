import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Output, HOSTS, addressOf, command, onHost } from '../support/lab.ts';
import { clients, eventually, kubectl } from '../support/kubectl.ts';
import {
  type Result,
  failures,
  inventoryFile,
  k8sb,
  standingCluster,
  stateFolder,
  up,
  withInventory,
  workFolder,
} from '../support/product.ts';
import { moved, startsOf } from '../support/units.ts';

const out = join(workFolder, 'users-out');
const server = `https://${addressOf('m1')}:6443`;
const outputs: string[] = [];

/** A command of the product with words of its own before the inventory. */
async function product(...args: readonly string[]): Promise<Output> {
  const root = new URL('../../../bin/k8s-bootstrap', import.meta.url).pathname;
  const env = { PATH: process.env['PATH'], HOME: workFolder };
  const output = await command('node', [root, ...args, '-i', inventoryFile], { cwd: workFolder, env });
  outputs.push(output.stdout, output.stderr);
  return output;
}

async function well(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await product(...args);
  expect(code, `${args.join(' ')}\n${stdout}\n${stderr}`).toBe(0);
  return stdout;
}

const as = async (name: string, client: string, ...args: string[]): Promise<Output> =>
  command(client, ['--kubeconfig', join(stateFolder, 'users', name, `${name}.kubeconfig`), ...args], {
    env: { PATH: process.env['PATH'], HOME: '/nonexistent' },
  });

/** HTTP status and body of /api with a bearer token that curl reads from stdin: argv is everybody's to see. */
async function withToken(token: string, ca = join(out, 'ca.crt')): Promise<{ status: string; body: string }> {
  const { stdout } = await command(
    'curl',
    ['-sS', '--noproxy', '*', '--cacert', ca, '-w', '\n%{http_code}', '-K', '-', `${server}/api`],
    { stdin: `header = "Authorization: Bearer ${token}"\n` },
  );
  const lines = stdout.trimEnd().split('\n');
  return { status: lines.pop() ?? '', body: lines.join('\n') };
}

const tokenOf = (name: string): string =>
  readFileSync(join(stateFolder, 'users', name, `${name}.token`), 'utf8').trim();

beforeAll(async () => {
  await standingCluster();
  rmSync(out, { recursive: true, force: true });
});

afterAll(async () => {
  for (const name of ['admin', 'jane', 'bot']) await product('users', 'revoke', name);
  await onHost('m1', 'rm -f /etc/kubernetes/pki/tokens.csv');
  await up('--prune');
});

describe('the administrator of the course', () => {
  let before: Awaited<ReturnType<typeof startsOf>>;

  beforeAll(async () => {
    before = await startsOf();
    await well('issue-user', 'admin', '--role', 'admin', '--days', '3650', '--out', out);
  });

  test('is issued without restarting anything', async () => {
    expect(moved(before, await startsOf())).toEqual([]);
  });

  test('has a certificate that openssl verifies with the file that came with it', async () => {
    const { stdout } = await command('openssl', [
      'verify',
      '-CAfile',
      join(out, 'ca.crt'),
      join(out, 'admin.crt'),
    ]);
    expect(stdout).toBe(`${join(out, 'admin.crt')}: OK\n`);
    const strict = [
      'verify',
      '-x509_strict',
      '-purpose',
      'sslclient',
      '-CAfile',
      join(out, 'ca.crt'),
      join(out, 'admin.crt'),
    ];
    expect(await command('openssl', strict)).toMatchObject({ code: 0 });
  });

  test('works with both clients: pods and secrets yes, namespaces no', async () => {
    for (const [, client] of await clients()) {
      await eventually(async () => {
        expect(await as('admin', client, 'get', 'pods')).toMatchObject({ code: 0 });
      }, 20);
      expect(await as('admin', client, 'get', 'secrets', '--all-namespaces')).toMatchObject({ code: 0 });
      const refused = await as('admin', client, 'delete', 'namespace', 'kube-public');
      expect(refused.code).not.toBe(0);
      expect(refused.stderr).toContain('Forbidden');
    }
  });

  test('works with the three files, as the course calls kubectl', async () => {
    const [client = ''] = (await clients()).values();
    const { code, stderr } = await command(
      client,
      [
        `--server=${server}`,
        `--certificate-authority=${out}/ca.crt`,
        `--client-certificate=${out}/admin.crt`,
        `--client-key=${out}/admin.key`,
        'get',
        'pods',
      ],
      { env: { PATH: process.env['PATH'], HOME: '/nonexistent' } },
    );
    expect(code, stderr).toBe(0);
  });

  test('may do what the preset says, for every verb and resource', async () => {
    const [client = ''] = (await clients()).values();
    const verbs = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete'];
    // Not of group extensions: 1.16 serves none of these there, and kubectl then asks for another resource.
    const here = [
      'pods',
      'deployments.apps',
      'replicasets.apps',
      'secrets',
      'services',
      'configmaps',
      'roles.rbac.authorization.k8s.io',
    ];
    const everywhere = ['nodes', 'namespaces', 'secrets', 'pods'];
    const may = async (verb: string, resource: string, ...where: string[]): Promise<string> => {
      const { stdout } = await as('admin', client, 'auth', 'can-i', verb, resource, ...where);
      return `${verb} ${resource} ${where.join(' ')}: ${stdout.trim().split('\n').at(-1) ?? ''}`;
    };
    const answers = async (resources: string[], ...where: string[]): Promise<string[]> => {
      const found: string[] = [];
      for (const resource of resources)
        for (const verb of verbs) found.push(await may(verb, resource, ...where));
      return found;
    };
    const wanted = (resources: string[], allowed: string[], ...where: string[]): string[] =>
      resources.flatMap((resource) =>
        verbs.map(
          (verb) => `${verb} ${resource} ${where.join(' ')}: ${allowed.includes(resource) ? 'yes' : 'no'}`,
        ),
      );
    expect(await answers(here, '-n', 'default')).toEqual(
      wanted(here, ['pods', 'deployments.apps', 'replicasets.apps', 'secrets'], '-n', 'default'),
    );
    expect(await answers(everywhere, '--all-namespaces')).toEqual(
      wanted(everywhere, ['nodes', 'secrets'], '--all-namespaces'),
    );
  });

  test('is who he is', async () => {
    const kubeconfig = join(out, 'admin.kubeconfig');
    expect(await well('users', 'whoami', '--kubeconfig', kubeconfig)).toContain('lets in admin');
    expect(await well('users', 'list')).toMatch(
      /^admin +issued +until \d{4}-\d\d-\d\d +- +- +admin \(default\), admin-cluster$/m,
    );
  });

  test('is kept when asked for again, and up has nothing to do', async () => {
    const certificate = readFileSync(join(out, 'admin.crt'), 'utf8');
    await well('issue-user', 'admin', '--out', out);
    expect(readFileSync(join(out, 'admin.crt'), 'utf8')).toBe(certificate);
    const plan = await k8sb(['plan', '--detailed-exitcode']);
    expect(plan.code, failures(plan)).toBe(0);
  });
});

describe('manifests', () => {
  test('of every preset are taken by the server', async () => {
    for (const preset of ['admin', 'edit', 'view', 'cluster-admin', 'deployer']) {
      const text = await well('rbac', 'render', preset, '--user', 'somebody');
      await kubectl(['apply', '--server-dry-run', '-f', '-'], text);
    }
  });
});

describe('a user with a token', () => {
  let token = '';

  test('is let in, after one restart of the API server and nothing else', async () => {
    await onHost(
      'm1',
      `umask 077; printf '%s\\n' '792c62a1b5f2b07b,olduser,ab47c6cb-f403-11e6-95a3-0800279704c8,""' > /etc/kubernetes/pki/tokens.csv`,
    );
    const before = await startsOf();
    await well('issue-user', 'bot', '--auth', 'token', '--role', 'view', '--group', 'ci');
    expect(moved(before, await startsOf())).toEqual(['m1 kube-apiserver.service']);
    token = tokenOf('bot');
    const { status, body } = await withToken(token, join(stateFolder, 'users', 'bot', 'ca.crt'));
    expect({ status, kind: (JSON.parse(body) as { kind: string }).kind }).toEqual({
      status: '200',
      kind: 'APIVersions',
    });
    const [client = ''] = (await clients()).values();
    expect(await as('bot', client, 'get', 'pods')).toMatchObject({ code: 0 });
    expect((await as('bot', client, 'get', 'secrets')).code).not.toBe(0);
  });

  test('shares the file with the course’s own row', async () => {
    expect(
      await onHost(
        'm1',
        'stat -c "%a %U" /etc/kubernetes/pki/tokens.csv; cut -d, -f2- /etc/kubernetes/pki/tokens.csv',
      ),
    ).toBe('600 root\nolduser,ab47c6cb-f403-11e6-95a3-0800279704c8,""\nbot,k8s-bootstrap:bot,"ci"\n');
    expect(await withToken('792c62a1b5f2b07b')).toMatchObject({ status: '200' });
  });

  test('costs no second restart', async () => {
    const before = await startsOf();
    await well('issue-user', 'bot');
    await up();
    expect(moved(before, await startsOf())).toEqual([]);
  });

  test('is out after users revoke; the other row still lets in', async () => {
    await well('users', 'revoke', 'bot');
    expect(await withToken(token)).toMatchObject({ status: '401' });
    expect(await withToken('792c62a1b5f2b07b')).toMatchObject({ status: '200' });
    expect(await kubectl(['get', 'rolebindings', '-o', 'name'])).not.toContain('bot');
    expect(existsSync(join(stateFolder, 'users', 'bot'))).toBe(false);
    await onHost('m1', 'rm /etc/kubernetes/pki/tokens.csv');
    await up('--prune');
    expect(
      await onHost('m1', 'grep -c token-auth-file /etc/systemd/system/kube-apiserver.service || :'),
    ).toBe('0\n');
  });
});

describe('users of the inventory', () => {
  const users = 'users:\n  - { name: jane, role: view, namespaces: [team-a], groups: [devs] }\n';
  let removed: Result;

  test('are made by up, with their namespace, and restart nothing', async () => {
    const before = await startsOf();
    await withInventory(
      (text) => text + users,
      async () => {
        await up();
        expect((await k8sb(['plan', '--detailed-exitcode'])).code).toBe(0);
      },
    );
    expect(moved(before, await startsOf())).toEqual([]);
    const [client = ''] = (await clients()).values();
    expect(await as('jane', client, 'get', 'pods', '-n', 'team-a')).toMatchObject({ code: 0 });
    expect((await as('jane', client, 'get', 'pods', '-n', 'default')).stderr).toContain('Forbidden');
  });

  test('are reported when they are taken out, and keep their rights until up --prune', async () => {
    removed = await up();
    expect(JSON.stringify(removed.events)).toContain('jane is no user of the inventory any more');
    const [client = ''] = (await clients()).values();
    expect(await as('jane', client, 'get', 'pods', '-n', 'team-a')).toMatchObject({ code: 0 });
    await up('--prune');
    await eventually(async () => {
      expect((await as('jane', client, 'get', 'pods', '-n', 'team-a')).stderr).toMatch(
        /Forbidden|no such file|does not exist|refused/,
      );
    }, 20);
    expect(await kubectl(['get', 'rolebindings', '-n', 'team-a', '-o', 'name'])).toBe('');
    expect(JSON.stringify((await up()).events)).not.toContain('jane is no user');
    const { stdout } = await product('issue-user', 'jane', '--no-apply', '--json');
    expect(stdout).toContain('jane was revoked');
  });
});

describe('secrets', () => {
  test('are in no output, no log and no command line', async () => {
    const logs = await command('sh', ['-c', `cat ${workFolder}/.k8s-bootstrap/logs/* 2>/dev/null`]);
    const journal = await Promise.all(
      HOSTS.map((host) =>
        onHost(host, 'journalctl -o cat --no-pager -n 5000; cat /proc/[0-9]*/cmdline | tr "\\0" " "'),
      ),
    );
    const text = [...outputs, logs.stdout, ...journal].join('\n');
    expect(text).not.toMatch(/PRIVATE KEY/);
    expect(text).not.toContain('792c62a1b5f2b07b,olduser');
    expect(text).not.toMatch(/\b[0-9a-f]{64},[\w.-]+,k8s-bootstrap:/);
  });
});
