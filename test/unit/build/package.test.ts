import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPkiStore } from '../../../src/pki/open-pki-store.ts';
import { scratch } from '../../support/ssh-target.ts';

/** The package as `npm install` puts it somewhere, without a network and without anything beside it. */

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const folder = scratch();
const installed = join(folder.path, 'node_modules/k8s-bootstrap');
const dist = join(installed, 'dist');
const env = { PATH: process.env['PATH'], HOME: folder.path, npm_config_cache: join(folder.path, 'cache') };

const npm = (...args: string[]): string =>
  execFileSync('npm', [...args, '--offline', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: args[0] === 'pack' ? ROOT : folder.path,
    env,
    encoding: 'utf8',
  });

const run = (...args: string[]): { code: number | null; stdout: string; stderr: string } => {
  const program = join(folder.path, 'node_modules/.bin/k8s-bootstrap');
  const { status, stdout, stderr } = spawnSync(program, args, { cwd: folder.path, env, encoding: 'utf8' });
  return { code: status, stdout, stderr };
};

beforeAll(async () => {
  const tarball = npm('pack', '--pack-destination', folder.path).trim().split('\n').at(-1) ?? '';
  folder.file('package.json', '{}');
  npm('install', '--omit=dev', join(folder.path, tarball));
  folder.file('inventory.yaml', 'name: demo\nhosts: [{ name: m1, address: 192.0.2.11 }]\n');
  await openPkiStore(join(folder.path, '.k8s-bootstrap/demo')).ensure();
}, 120_000);

afterAll(() => {
  folder.remove();
});

describe('the installed package', () => {
  it('has nothing beside it, and nothing below it', () => {
    expect(readdirSync(join(folder.path, 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual([
      'k8s-bootstrap',
    ]);
    expect(existsSync(join(installed, 'node_modules'))).toBe(false);
  });

  it('ends without a word when its reader leaves', () => {
    const line = `'${join(folder.path, 'node_modules/.bin/k8s-bootstrap')}' schema | head -n 1`;
    const { stdout, stderr } = spawnSync('sh', ['-c', line], { cwd: folder.path, env, encoding: 'utf8' });
    expect([stdout, stderr]).toEqual(['{\n', '']);
  });

  it('says its version, judges an inventory, lists phases, and reads no script for it but its own', () => {
    const apart = readdirSync(dist).filter((name) => name.endsWith('.cjs') && name !== 'k8s-bootstrap.cjs');
    expect(apart).toEqual(['node-forge.cjs', 'undici.cjs']);
    for (const name of apart) renameSync(join(dist, name), join(dist, `${name}.away`));
    try {
      const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
      expect(run('--version')).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
      expect(run('validate')).toMatchObject({ code: 0, stderr: '' });
      expect(run('phases').stdout).toContain('kube-apiserver');
    } finally {
      for (const name of apart) renameSync(join(dist, `${name}.away`), join(dist, name));
    }
  });

  it('issues a certificate', () => {
    expect(run('issue-user', 'ann', '--role', 'view', '--no-apply')).toMatchObject({ code: 0, stderr: '' });
  });

  it('has what it downloads with', () => {
    const { request } = createRequire(dist)(join(dist, 'undici.cjs')) as { request: unknown };
    expect(request).toBeTypeOf('function');
  });

  it('has the terms of everything that is built into it', () => {
    const text = readFileSync(join(dist, 'LICENSES'), 'utf8');
    const terms = text.split(/^== (?=.+\n\n)/m).slice(1);
    const names = terms.map((one) => /^\S+/.exec(one)?.[0]);
    expect(names).toEqual(expect.arrayContaining(['commander', 'node-forge', 'ssh2', 'undici', 'zod']));
    for (const one of terms) expect(one.length, one.slice(0, 40)).toBeGreaterThan(400);
  });
});
