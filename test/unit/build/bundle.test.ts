import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runInThisContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import * as data from '../../../src/kernel/data.ts';
import { compiled } from '../../../src/templates/compiled.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const { bundle } = (await import(join(ROOT, 'build/bundle.mjs'))) as {
  bundle: (entry: string) => Promise<string>;
};

/** What a module of `src/` exports once it is built. */
async function built<T>(entry: string): Promise<T> {
  const module = { exports: {} };
  const wrapped = `(function (require, module, __filename, __dirname) {${await bundle(entry)}\n})`;
  const run = runInThisContext(wrapped) as (...given: unknown[]) => void;
  run(createRequire(import.meta.url), module, import.meta.filename, import.meta.dirname);
  return module.exports as T;
}

const files = ['addons', 'pki', 'release', 'templates'].flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length)),
);

describe('dist', () => {
  const script = join(ROOT, 'dist/k8s-bootstrap.cjs');

  it('is what the sources and the data give now: otherwise `npm run build`', async () => {
    expect(readFileSync(script, 'latin1') === (await bundle('src/cli/main.ts'))).toBe(true);
  });

  it('imports nothing while it runs: code from the cache has nobody who would serve it', () => {
    expect(readFileSync(script, 'latin1')).not.toMatch(/\bimport\(/);
  });

  it('has the compiled code of just this script beside it', () => {
    const digest = createHash('sha256').update(readFileSync(script)).digest('hex').slice(0, 16);
    expect(readdirSync(join(ROOT, 'dist')).filter((name) => name.endsWith('.code'))).toEqual([
      `${digest}.code`,
    ]);
  });
});

describe('data in the program', () => {
  it('is that of the files', async () => {
    const inside = await built<typeof data>('src/kernel/data.ts');
    expect(files.length).toBeGreaterThan(20);
    for (const path of ['package.json', ...files]) {
      expect(inside.readText(path), path).toBe(data.readText(path));
      if (!path.endsWith('.yaml')) continue;
      expect(inside.readDocuments(path), path).toStrictEqual(data.readDocuments(path));
      expect(inside.readData(path), path).toStrictEqual(data.readData(path));
    }
    expect(inside.namesIn('release')).toEqual(expect.arrayContaining(['v1.16.3.yaml', 'checksums.yaml']));
    expect(() => inside.readText('release/v0.yaml')).toThrow('there was no release/v0.yaml');
  });

  it('is rendered as the files are', async () => {
    const inside = await built<{ compiled: typeof compiled }>('src/templates/compiled.ts');
    const common = { command: 'x --a="<b>"', flagNotes: '# a', revisionFile: '/r' };
    const units = {
      ...common,
      runtimeUnit: 'docker',
      data: '/d',
      wal: '/w',
      started: '/s',
      config: '/c',
      nodeName: 'w1',
    };
    const keepalived = {
      ...{ name: 'm1', interface: 'eth0', routerId: 1, priority: 150, password: 'p', peers: 's', vip: 'v' },
      ...{ link: 'eth1', check: '/k', files: '/ca /crt /key', url: 'u', others: ' o' },
    };
    const context = { ...units, ...keepalived, port: 1, servers: 's' };
    const templates = files.filter((path) => path.endsWith('.hbs'));
    expect(templates.length).toBeGreaterThan(5);
    for (const path of templates) {
      expect(inside.compiled(path)(context), path).toBe(compiled(path)(context));
      expect(() => inside.compiled(path)({}), path).toThrow('not defined');
    }
  });
});

describe('build', () => {
  it('leaves no path of this machine in the program', async () => {
    expect(await bundle('src/cli/main.ts')).not.toContain(ROOT.slice(0, -1));
  });
});
