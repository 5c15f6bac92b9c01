import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import { openPkiStore } from '../../../src/pki/open-pki-store.ts';
import type { PkiStore } from '../../../src/pki/open-pki-store.ts';
import { temporaryFolder } from './support.ts';

/** Everything a complete PKI folder holds. */
export const FILES = [
  'ca.crt',
  'ca.key',
  'encryption.key',
  'etcd-ca.crt',
  'etcd-ca.key',
  'front-proxy-ca.crt',
  'front-proxy-ca.key',
  'plan.hmac',
  'sa.key',
  'sa.pub',
  'users-ca.crt',
  'users-ca.key',
];

export const withCode = (code: string): Error => expect.objectContaining({ code }) as Error;

let template: string;

// One folder is made for each test file that imports this, and copied.
beforeAll(async () => {
  template = join(mkdtempSync(join(tmpdir(), 'pki-store-')), 'state');
  await openPkiStore(template).ensure();
});

afterAll(() => {
  rmSync(join(template, '..'), { recursive: true });
});

/** A copy of a complete state folder. */
export function stateFolder(): string {
  const folder = join(temporaryFolder(), 'state');
  cpSync(template, folder, { recursive: true });
  return folder;
}

/** A store that has read its folder. */
export async function loaded(folder = stateFolder()): Promise<PkiStore> {
  const store = openPkiStore(folder);
  await store.load();
  return store;
}

/** Every path below a folder with mode, times and content. */
export function snapshot(folder: string): Record<string, string> {
  if (!existsSync(folder)) return {};
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).toSorted();
  const entries = ['.', ...paths].map((path) => {
    const state = statSync(join(folder, path));
    const content = state.isFile() ? readFileSync(join(folder, path), 'latin1') : '';
    return [path, `${state.mode.toString(8)} ${state.mtimeMs} ${state.ino} ${content}`];
  });
  return Object.fromEntries(entries) as Record<string, string>;
}

export const modeOf = (...path: string[]): string => (statSync(join(...path)).mode & 0o777).toString(8);
