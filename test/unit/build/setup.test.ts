import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { scratch } from '../../support/ssh-target.ts';

/** What a fresh clone does at `npm test` and `npm run demo`, with an npm and a build that only write down that they ran. */

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
let checkout: string;

const write = (name: string, content: string, mode = 0o644): void => {
  const path = join(checkout, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  chmodSync(path, mode);
};

const lock = (version: string): string =>
  JSON.stringify({
    packages: {
      '': { version: '1.0.0' },
      'node_modules/a': { version },
      'node_modules/only-on-a-mac': { version: '1.0.0', optional: true },
    },
  });

beforeEach(() => {
  const folder = scratch();
  onTestFinished(folder.remove);
  checkout = folder.path;
  mkdirSync(join(checkout, 'build'));
  cpSync(join(ROOT, 'build/setup.mjs'), join(checkout, 'build/setup.mjs'));
  write('package.json', JSON.stringify({ engines: { node: '>=20.19' } }));
  write('package-lock.json', lock('1.0.0'));
  write('build/build.mjs', `import { appendFileSync } from 'node:fs'; appendFileSync('ran', 'build\\n');`);
  write('bin/npm', '#!/bin/sh\n[ "$1" = --version ] || echo "npm $*" >> ran\n', 0o755);
  write('test/lab/lab.sh', 'echo "root"; echo "Go"\n');
  for (const name of ['sh', 'bash']) symlinkSync(`/bin/${name}`, join(checkout, 'bin', name));
});

function setup(...args: string[]): { code: number | null; stderr: string; ran: string } {
  const { status, stderr } = spawnSync(process.execPath, [join(checkout, 'build/setup.mjs'), ...args], {
    cwd: '/',
    env: { PATH: join(checkout, 'bin') },
    encoding: 'utf8',
  });
  const ran = join(checkout, 'ran');
  return { code: status, stderr, ran: existsSync(ran) ? readFileSync(ran, 'utf8') : '' };
}

describe('a checkout', () => {
  it('without packages gets them, and is built', () => {
    expect(setup()).toMatchObject({ code: 0, ran: 'npm ci --include=dev\nbuild\n' });
  });

  it('with other packages than the lock file names gets those', () => {
    write('node_modules/.package-lock.json', lock('0.9.0'));
    expect(setup().ran).toBe('npm ci --include=dev\nbuild\n');
  });

  it('with the right ones is built only, whichever file is older', () => {
    write('node_modules/.package-lock.json', lock('1.0.0').replace(/,"node_modules\/only.*?\}/, ''));
    write('package-lock.json', lock('1.0.0'));
    expect(setup()).toMatchObject({ code: 0, ran: 'build\n' });
  });

  it('whose packages cannot be had says which command failed', () => {
    write('bin/npm', '#!/bin/sh\n[ "$1" = --version ] || exit 1\n', 0o755);
    const { code, stderr, ran } = setup();
    expect({ code, ran }).toEqual({ code: 1, ran: '' });
    expect(stderr).toContain('failed: npm ci --include=dev');
  });
});

it('says all that is missing in one answer, and does nothing', () => {
  write('package.json', JSON.stringify({ engines: { node: '>=99.1' } }));
  rmSync(join(checkout, 'bin/npm'));
  expect(setup('lab')).toEqual({
    code: 1,
    stderr: [
      'setup: this machine lacks:',
      `  - Node 99.1 or newer (this is ${process.versions.node})`,
      '  - npm, which comes with Node',
      '  - root',
      '  - Go',
      '',
    ].join('\n'),
    ran: '',
  });
  expect(setup().stderr).not.toContain('root');
});

it('is what the commands of the README begin with', () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    scripts: Readonly<Record<string, string>>;
  };
  expect(scripts['test']).toMatch(/^node build\/setup\.mjs && /);
  expect(scripts['test:e2e']).toMatch(/^node build\/setup\.mjs lab && /);
  expect(readFileSync(join(ROOT, 'test/lab/demo.sh'), 'utf8')).toMatch(/^node build\/setup\.mjs lab$/m);
});
