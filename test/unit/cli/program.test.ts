import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { scratch } from '../../support/ssh-target.ts';
import { run } from './support.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const folder = scratch();
const INVENTORY = folder.file(
  'inventory.yaml',
  `name: x
hosts:
  - { name: m1, address: 192.0.2.1, roles: [master, etcd] }
  - { name: 'w[1-2]', address: '192.0.2.[11-12]', roles: [worker] }
`,
);

afterAll(() => {
  folder.remove();
});

const named = (help: string): string[] =>
  [...help.matchAll(/^ {2}([a-z-]+) .*(?:\[options\]|\[command\])/gm)].map(([, name]) => name ?? '');
const COMMANDS = named((await run(['--help'])).stdout);

describe('help', () => {
  it.each(['', ...COMMANDS.slice(0, -1)])('of "%s" is as written down', async (command) => {
    const { code, stdout, stderr } = await run([...(command ? [command] : []), '--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    await expect(stdout).toMatchFileSnapshot(`../../golden/cli/help${command ? `-${command}` : ''}.txt`);
  });

  it('names the commands in the order in which they are needed', () => {
    expect(COMMANDS.slice(0, 4)).toEqual(['init', 'up', 'plan', 'status']);
    expect(COMMANDS.at(-1)).toBe('help');
  });
});

describe('usage', () => {
  it('prints the version of the package', async () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    expect(await run(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  });

  it.each([
    { args: ['destroy'], says: "unknown command 'destroy'" },
    { args: ['up', '--frce'], says: "unknown option '--frce'" },
    { args: ['logs'], says: "missing required argument 'unit'" },
    { args: ['logs', 'etcd', '-n', 'many'], says: 'It must be a number.' },
    { args: ['init', '10.0.0.1', '--masters', 'x'], says: 'It must be a number.' },
    { args: ['validate', 'a.yaml', 'b.yaml'], says: 'too many arguments' },
  ])('refuses $args with code 2', async ({ args, says }) => {
    const { code, stdout, stderr } = await run(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(says);
  });

  it('suggests the command that was meant', async () => {
    expect((await run(['plann'])).stderr).toContain('Did you mean plan?');
  });
});

describe('the inventory', () => {
  it('is the argument, else -i, else the environment', async () => {
    const env = { K8S_BOOTSTRAP_INVENTORY: '/of/env.yaml' };
    expect((await run(['validate', '/of/argument.yaml', '-i', '/of/option.yaml'], env)).stderr).toContain(
      '/of/argument.yaml',
    );
    expect((await run(['validate', '-i', '/of/option.yaml'], env)).stderr).toContain('/of/option.yaml');
    expect((await run(['-i', '/of/option.yaml', 'validate'], env)).stderr).toContain('/of/option.yaml');
    expect((await run(['validate'], env)).stderr).toContain('/of/env.yaml');
  });

  it.each(['up', 'plan', 'preflight', 'validate', 'status', 'trust', 'explain v', 'logs etcd', 'ssh m1'])(
    'that is missing ends "%s" with code 2 and a hint',
    async (command) => {
      const { code, stderr } = await run(['-i', join(folder.path, 'none.yaml'), ...command.split(' ')]);
      expect(code).toBe(2);
      expect(stderr).toMatch(
        /error E_INVENTORY_FILE: cannot read the inventory .*none\.yaml: no such file[^]*hint: /,
      );
    },
  );

  it('with problems ends with code 2, and as JSON in the last line', async () => {
    const file = folder.file('bad.yaml', 'name: x\nhosts: [{ name: a, adress: 10.0.0.1 }]\n');
    const { code, stdout, stderr } = await run(['validate', file, '--json']);
    expect({ code, stderr }).toEqual({ code: 2, stderr: '' });
    expect(JSON.parse(stdout.trim())).toMatchObject({ type: 'run.failed', error: { code: 'E_INVENTORY' } });
  });

  it('is named by what comes next as it was typed, unless it is found anyway', async () => {
    const ssh = { port: 1, agent: false, keys: [], password: '${env:PASSWORD}' };
    const host = { name: 'm1', address: '127.0.0.1', ip: '192.0.2.1', roles: ['master', 'etcd'], ssh };
    const file = folder.file('nowhere.yaml', JSON.stringify({ name: 'nowhere', hosts: [host] }));
    const next = async (words: readonly string[], env = {}): Promise<string | undefined> =>
      (await run(['up', ...words, '--accept-new-host-keys'], { PASSWORD: 'none', ...env })).stdout.split(
        '\nNext:\n',
      )[1];
    const named = `  k8s-bootstrap status -i ${file}\n  k8s-bootstrap up ${file}\n`;
    expect(await next([file])).toBe(named);
    expect(await next(['-i', file])).toBe(named);
    const found = '  k8s-bootstrap status\n  k8s-bootstrap up\n';
    expect(await next([], { K8S_BOOTSTRAP_INVENTORY: file })).toBe(found);
    expect(await next([file], { K8S_BOOTSTRAP_INVENTORY: file })).toBe(found);
  });

  it('that is good is said to be so', async () => {
    const { code, stdout } = await run(['validate', INVENTORY]);
    expect(code).toBe(0);
    expect(stdout).toContain('3 hosts');
    expect(stdout).toContain('Known to be weak in Kubernetes v1.16.15:\n');
    expect(stdout).toContain(
      '\n  CVE-2021-25741: A container with a subPath volume can reach files of its node. Mended in v1.19.15. Set feature-gates=VolumeSubpath=false on kubelet and kube-apiserver where pods are not trusted. https://github.com/kubernetes/kubernetes/issues/104980\n',
    );
    expect(stdout).toContain('to those addresses. No version mends it. Let nobody make services');
  });
});

describe('names', () => {
  it.each([
    {
      args: ['trust', 'w7'],
      says: /E_HOST: there is no host "w7" in the inventory; did you mean w1\?[^]*hint: Hosts are m1, w1, w2/,
    },
    { args: ['ssh', 'm2', 'true'], says: /E_HOST: there is no host "m2"/ },
    { args: ['logs', 'etcd', 'm1', 'zz'], says: /E_HOST: there is no host "zz"/ },
    { args: ['logs', 'a;b'], says: /E_UNIT: "a;b" is not the name of a unit[^]*hint: / },
    { args: ['explain', 'anonymous-aut'], says: /E_EXPLAIN: .*did you mean anonymous-auth\?/ },
    {
      args: ['explain', '/etc/kubernetes/kubelet.con'],
      says: /E_EXPLAIN: .*did you mean \/etc\/kubernetes\/kubelet\.conf\?/,
    },
    { args: ['plan', '--only', 'etc'], says: /E_PHASE: / },
  ])('$args is refused with code 2', async ({ args, says }) => {
    const { code, stderr } = await run(['-i', INVENTORY, ...args]);
    expect(code).toBe(2);
    expect(stderr).toMatch(says);
  });
});

describe('answers without a host', () => {
  it('phases lists them in order', async () => {
    const { stdout } = await run(['phases']);
    const ids = stdout
      .trim()
      .split('\n')
      .map((line) => line.split(' ')[0]);
    expect(ids.slice(0, 2)).toEqual(['base', 'packages']);
    expect(ids.indexOf('etcd')).toBeLessThan(ids.indexOf('apiserver'));
  });

  it('schema is JSON', async () => {
    expect(JSON.parse((await run(['schema'])).stdout)).toHaveProperty('properties.hosts');
  });
});
