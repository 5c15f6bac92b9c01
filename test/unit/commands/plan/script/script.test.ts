import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { load } from 'js-yaml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Entry, isSecret } from '../../../../../src/commands/plan/script/files.ts';
import { redactor } from '../../../../../src/kernel/secret.ts';
import { examples } from '../../../../support/example-cluster.ts';
import { shells } from '../../../../support/shells.ts';
import { type Made, made, textOf } from './made.ts';

const opened: Made[] = [];
const folders = new Map<string, ReadonlyMap<string, Entry>>();

beforeAll(async () => {
  for (const example of examples) {
    const one = await made(example, opened[0]?.cluster);
    opened.push(one);
    folders.set(example.name, await one.folder());
  }
}, 180_000);

afterAll(() => Promise.all(opened.map(({ close }) => close())));

const files = (end: string): [string, string][] =>
  [...folders].flatMap(([example, entries]) =>
    [...entries]
      .filter(([path]) => path.endsWith(end))
      .map(([path, entry]): [string, string] => [`${example}/${path}`, textOf(entry)]),
  );

const of = (example: string): ReadonlyMap<string, Entry> => folders.get(example) ?? new Map();
const withoutSecrets = (entries: ReadonlyMap<string, Entry>): [string, Entry][] =>
  [...entries].filter(([path]) => !isSecret(path));

describe('the scripts of every example', () => {
  it.each(shells)(
    'are read by $name without a complaint',
    ({ path: shell }) => {
      const scripts = files('.sh');
      expect(scripts.length).toBeGreaterThan(100);
      const bad = scripts.flatMap(([path, input]) => {
        const { status, stderr } = spawnSync(shell, ['-n'], { input, encoding: 'utf8' });
        return status === 0 ? [] : [`${path}: ${stderr}`];
      });
      expect(bad).toEqual([]);
      // Hundreds of shells, one for each script.
    },
    120_000,
  );

  it('have only what CentOS 7 and POSIX sh have', () => {
    const { commands } = load(
      readFileSync(new URL('../../../../cases/centos7-forbidden.yaml', import.meta.url), 'utf8'),
    ) as { readonly commands: readonly { readonly pattern: string }[] };
    const bad = files('.sh').flatMap(([path, text]) =>
      commands.flatMap(({ pattern }) => (new RegExp(pattern, 'm').test(text) ? [`${path}: ${pattern}`] : [])),
    );
    expect(bad).toEqual([]);
  });

  it('lead to the end of the way: nothing is left for another time', () => {
    for (const [example, entries] of folders) {
      const order = textOf(entries.get('ORDER.md'));
      expect(order, example).toContain('## At the end');
      expect(order, example).not.toContain('The rest');
    }
  });

  it('read only what is beside them, and all of it', () => {
    for (const [example, entries] of folders) {
      const hosts = new Set(
        [...entries.keys()].flatMap((path) => (path.includes('/') ? [path.split('/')[0]] : [])),
      );
      for (const host of hosts) {
        const own = [...entries].filter(([path]) => path.startsWith(`${host}/`));
        const read = own.flatMap(([path, entry]) =>
          path.endsWith('.sh') && !isSecret(path)
            ? [...textOf(entry).matchAll(/"\$here"\/(\S+)$/gm)].map(([, file]) => `${host}/${file}`)
            : [],
        );
        const there = own
          .map(([path]) => path)
          .filter((path) => /^[^/]+\/(?:files|secrets|artifacts)\//.test(path));
        expect([...new Set(read)].sort(), `${example} ${host}`).toEqual(there.sort());
      }
    }
  });

  it('are all named in the order, each once', () => {
    for (const [example, entries] of folders) {
      const order = textOf(entries.get('ORDER.md'));
      const named = [...order.matchAll(/ssh_config (\S+) '?(?:sudo )?sh k8s-bootstrap\/(\S+?)'?$/gm)].map(
        ([, host, file]) => `${host}/${file}`,
      );
      const there = [...entries.keys()].filter((path) => /^[^/]+\/\d\d-.*\.sh$/.test(path));
      expect(named.toSorted(), example).toEqual(there.toSorted());
    }
  });

  it('wait by a condition wherever a run has a gate', () => {
    for (const [path, text] of files('-wait.sh')) {
      expect(text, path).toMatch(/^holds\(\) \{$/m);
      expect(text, path).not.toMatch(/^true$/m);
    }
  });

  it('say of each step what it is, and of most why', () => {
    const text = textOf(of('three-masters').get('master1/04-etcd.sh'));
    expect(text).toContain(
      '# ---- create /etc/etcd/boot.env: 270 bytes [file:/etc/etcd/boot.env]\n# What counts at',
    );
    expect(textOf(of('three-masters').get('master1/files/etc/systemd/system/etcd.service'))).toContain(
      '# --',
    );
  });
});

describe('the order', () => {
  it('goes phase by phase, members of etcd together, and waits behind each', () => {
    const order = textOf(of('three-masters').get('ORDER.md'));
    const scripts = [...order.matchAll(/k8s-bootstrap\/(\S+)\.sh'/g)].map(([, name]) => name);
    expect(scripts.filter((name) => /^0[45]/.test(name ?? ''))).toEqual([
      ...['04-etcd', '04-etcd', '04-etcd', '04-etcd-wait', '04-etcd-wait', '04-etcd-wait'],
      ...['05-apiserver', '05-apiserver', '05-apiserver'],
      ...['05-apiserver-wait', '05-apiserver-wait', '05-apiserver-wait'],
    ]);
  });

  it('stops where a package decides what comes, and says so', async () => {
    const one = opened[examples.findIndex(({ name }) => name === 'single-node')];
    const entries = await one!.folder({ packages: () => undefined });
    const order = textOf(entries.get('ORDER.md'));
    expect(order).toMatch(
      /The rest\n\nContainer runtime and what comes after .*: package docker\. Make this folder anew/,
    );
    expect([...entries.keys()].filter((path) => path.includes('kubelet.service'))).toEqual([]);
  });
});

describe('the same hosts and state', () => {
  it('give the same files but for keys', async () => {
    const [first] = opened;
    const again = await first!.folder();
    expect(withoutSecrets(again)).toEqual(withoutSecrets(of('three-masters')));
  });
});

describe('secrets', () => {
  it('stand in files of their own, which nobody else reads', () => {
    for (const [index, [example, entries]] of [...folders].entries()) {
      const mask = redactor(opened[index]!.secrets);
      for (const [path, entry] of entries) {
        if (isSecret(path)) expect(entry, path).toMatchObject({ mode: 0o600 });
        else {
          expect(mask(textOf(entry)), `${example}/${path}`).toBe(textOf(entry));
          expect(textOf(entry), `${example}/${path}`).not.toContain('PRIVATE KEY');
        }
      }
    }
  });

  it('of the inventory do not, wherever they come to stand', async () => {
    const words = { proxy: 'proxy-hunter2', login: 'login-hunter2', token: 'token-hunter2-0123456789abcdef' };
    const one = await made({
      name: 'secrets',
      inventory: 'single-node.yaml',
      family: 'centos',
      edit: (text) => `${text.replace(/^profile: .*$/m, 'profile: course')}
proxy: { http: 'http://me:${words.proxy}@192.0.2.1:3128' }
runtime: { registries: { 'r.example': { username: robot, password: ${words.login} } } }
users: [{ name: bob, role: view, auth: token }]
`,
    });
    try {
      const entries = await one.folder({ packages: () => undefined });
      const packages = await one.folder();
      const tokens = one.cluster.users.tokenRows() ?? '';
      expect(tokens).toContain('bob');
      for (const [path, entry] of [...entries, ...packages]) {
        if (isSecret(path)) continue;
        for (const word of [...Object.values(words), tokens.split(',')[0] ?? ''])
          expect(textOf(entry), path).not.toContain(word);
      }
      const hidden = [...entries, ...packages]
        .filter(([path]) => isSecret(path))
        .map(([, entry]) => textOf(entry));
      for (const word of [words.proxy, tokens.trim()]) expect(hidden.join('\n')).toContain(word);
      const installing = [...entries].filter(([path]) => /\/secrets\/[^/]*-install-[^/]*\.sh$/.test(path));
      expect(installing.map(([, entry]) => textOf(entry)).join('\n')).toContain(
        `export HTTP_PROXY=http://me:${words.proxy}@`,
      );
    } finally {
      await one.close();
    }
  }, 60_000);
});
