import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { dialled } from '../../../support/dialled.ts';
import { scratch } from '../../../support/ssh-target.ts';
import { run } from '../support.ts';

const PROGRAM = fileURLToPath(new URL('../../../../bin/k8s-bootstrap', import.meta.url));
const folder = scratch();
const server = await dialled();
const { port } = server;
afterAll(() => {
  folder.remove();
});

const inventory = folder.file(
  'inventory.yaml',
  `name: x
ssh: { port: ${port} }
hosts:
  - { name: m1, address: 127.0.0.1, ip: 192.0.2.1, roles: [master, etcd] }
  - { name: 'w[1-2]', address: '127.0.0.[2-3]', ip: '192.0.2.[2-3]', roles: [worker] }
  - { name: n1, address: localhost, ip: 192.0.2.9, roles: [nfs] }
nfs: { exports: [{ path: /nfsdata }, { path: /srv/team }] }
users: [{ name: ann, role: view }]
`,
);
mkdirSync(join(folder.path, '.k8s-bootstrap/x'), { recursive: true, mode: 0o700 });
folder.file('.k8s-bootstrap/x/users.yaml', 'users: [{ name: bob }]\n');
const broken = folder.file('broken.yaml', 'name: [');

async function offered(...words: string[]): Promise<string[]> {
  const ended = await run(['__complete', '--', ...words], { K8S_BOOTSTRAP_INVENTORY: inventory });
  expect({ code: ended.code, stderr: ended.stderr }).toEqual({ code: 0, stderr: '' });
  return ended.stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => line.split('\t')[0] ?? '');
}

describe('what a word can become', () => {
  it('are the commands of the help text', async () => {
    const help = (await run(['--help'])).stdout.replace(/[^]*^Commands:$/m, '');
    const commands = [...help.matchAll(/^ {2}([a-z-]+) /gm)].map(([, name]) => name);
    expect(await offered('')).toEqual(commands);
    expect(commands).toContain('completion');
    expect(commands).not.toContain('__complete');
  });

  it.each([
    ['pl', ['plan']],
    ['users re', ['revoke']],
    ['plan --on', ['--only']],
    ['--ver', ['--version', '--verbose']],
    ['plan --json --j', []],
    ['plan --only etcd sch', ['scheduler']],
    ['plan --only=etc', ['--only=etcd']],
    ['plan --only = etc', ['etcd']],
    ['plan --only =', 'base'],
    ['plan --only etcd --sk', ['--skip']],
    ['up --ignore-preflight rea', ['reachability']],
    ['certs renew --only etcd-', ['etcd-server', 'etcd-peer', 'etcd-healthcheck-client']],
    ['certs list --host w', ['w1', 'w2']],
    ['certs trust f', ['front-proxy']],
    ['certs rotate-ca u', ['users']],
    ['certs rotate-ca users --k', ['--keep-old']],
    ['logs kubel', ['kubelet']],
    ['logs etcd m1 ', ['m1', 'w1', 'w2', 'n1']],
    ['logs -n 5 etcd m', ['m1']],
    ['ssh ', ['m1', 'w1', 'w2', 'n1']],
    ['trust w1 n', ['n1']],
    ['nfs check w', ['w1', 'w2']],
    ['nfs remove ', ['/nfsdata', '/srv/team']],
    ['users kubeconfig ', ['ann', 'bob']],
    ['rbac render vi', ['view']],
    ['rbac render b', ['bob']],
    ['issue-user eve --auth ', ['cert', 'token', 'both']],
    ['issue-user eve --role dep', ['deployer']],
    ['explain anonymous', ['anonymous-auth']],
    ['completion z', ['zsh']],
    // Files are left to the shell.
    ['plan ', []],
    ['plan -i ', []],
    ['nonsense ', []],
  ] as const)('"%s" gives %j', async (line, expected) => {
    const found = await offered(...line.split(' '));
    if (typeof expected === 'string') expect(found).toContain(expected);
    else expect(found).toEqual(expected);
  });

  it('come from the inventory that the line names, wherever it does', async () => {
    const other = folder.file('other.yaml', 'name: y\nhosts: [{ name: z9, address: 192.0.2.7 }]\n');
    for (const line of [`-i ${other} ssh`, `ssh --inventory=${other}`, `--inventory ${other} trust`]) {
      expect(await offered(...line.split(' '), ''), line).toEqual(['z9']);
    }
  });

  it('are none, and silence, when the inventory is bad or not there', async () => {
    expect(await offered('ssh', '-i', broken, '')).toEqual([]);
    expect(await offered('ssh', '-i', '/nowhere.yaml', '')).toEqual([]);
    expect(await offered('rbac', 'render', '-i', broken, 'ed')).toEqual(['edit']);
    expect(await offered()).not.toEqual([]);
  });

  it('is asked of no host, and nothing is written', () => {
    expect(server.count()).toBe(0);
    expect(readdirSync(join(folder.path, '.k8s-bootstrap'))).toEqual(['x']);
  });
});

describe('the script for', () => {
  const script = async (shell: string): Promise<string> => (await run(['completion', shell])).stdout;

  /** What bash offers for a line whose last word is being typed. */
  async function inBash(...words: string[]): Promise<string[]> {
    const text = `${await script('bash')}
COMP_WORDS=(${['k8s-bootstrap', ...words].map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length}
function_of() { complete -p k8s-bootstrap | sed 's/.*-F \\([^ ]*\\).*/\\1/'; }
"$(function_of)" && printf '%s\\n' "\${COMPREPLY[@]}"`;
    const bin = join(folder.path, 'bin');
    mkdirSync(bin, { recursive: true });
    chmodSync(folder.file('bin/k8s-bootstrap', `#!/bin/sh\nexec '${PROGRAM}' "$@"\n`), 0o755);
    const env = { PATH: `${bin}:${process.env['PATH'] ?? ''}`, K8S_BOOTSTRAP_INVENTORY: inventory };
    const { stdout, stderr } = spawnSync('bash', ['--norc', '-c', text], { encoding: 'utf8', env });
    expect(stderr).toBe('');
    return stdout.split('\n').filter((line) => line !== '');
  }

  it('bash completes commands, options and names', async () => {
    expect(await inBash('pl')).toEqual(['plan']);
    expect(await inBash('plan', '--detail')).toEqual(['--detailed-exitcode']);
    expect(await inBash('ssh', 'w')).toEqual(['w1', 'w2']);
    expect(await inBash('up', '')).toEqual([]);
  });

  const shells = ['zsh', 'fish'].map((shell) => ({
    shell,
    there: spawnSync(shell, ['--version']).error === undefined,
  }));

  it.each(shells)('$shell asks the same command, and is in its language', async ({ shell, there }) => {
    const text = await script(shell);
    expect(text).toContain('__complete -- ');
    expect(text).toMatch(/^comp(?:def _k8s_bootstrap|lete -c) k8s-bootstrap/m);
    if (there) execFileSync(shell, ['-n', folder.file(`script.${shell}`, text)]);
  });

  it('another shell is refused', async () => {
    const { code, stderr } = await run(['completion', 'csh']);
    expect(code).toBe(2);
    expect(stderr).toContain('Allowed choices are bash, zsh, fish');
  });
});
