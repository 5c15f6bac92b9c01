import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Secret } from '../../../src/kernel/secret.ts';
import { KEY_FILES } from '../../../src/pki/contents.ts';
import { specFor, specForUser } from '../../../src/pki/profiles.ts';
import { type PkiStore, openPkiStore } from '../../../src/pki/open-pki-store.ts';
import { loaded, modeOf, stateFolder } from './store-support.ts';
import { opensslVerify, subject, temporaryFolder } from './support.ts';

const passphrase = new Secret('correct horse');
const read = (folder: string, name: string): string => readFileSync(join(folder, 'pki', name), 'utf8');
const plainKeys = (folder: string): string[] =>
  readdirSync(join(folder, 'pki')).filter((name) => read(folder, name).includes('PRIVATE KEY'));

/** Those that there are: a pair that hands over is there for a while only. */
const keysIn = (folder: string): Map<string, string> => {
  const there = readdirSync(join(folder, 'pki'));
  return new Map(KEY_FILES.filter((name) => there.includes(name)).map((name) => [name, read(folder, name)]));
};

let template: string;
let before: Map<string, string>;

// Sealing takes its time: one folder is sealed, and copied.
beforeAll(async () => {
  template = join(mkdtempSync(join(tmpdir(), 'pki-sealed-')), 'state');
  const store = openPkiStore(template, { passphrase });
  await store.ensure();
  await store.issueAdmin(specFor('admin', subject));
  before = keysIn(template);
  await store.setSealed(true);
}, 60_000);

afterAll(() => {
  rmSync(join(template, '..'), { recursive: true });
});

/** A complete folder whose keys are sealed. */
function sealedFolder(): string {
  const folder = join(temporaryFolder(), 'state');
  cpSync(template, folder, { recursive: true });
  return folder;
}

async function opened(folder: string, options: Parameters<typeof openPkiStore>[1] = {}): Promise<PkiStore> {
  const store = openPkiStore(folder, options);
  await store.load();
  return store;
}

it('seals the keys of users whose names end like those of keys', async () => {
  const folder = sealedFolder();
  const user = join(folder, 'users', 'bob.key');
  mkdirSync(user, { recursive: true });
  writeFileSync(join(user, 'bob.key.key'), 'a key', { mode: 0o600 });
  const store = await opened(folder, { passphrase });
  await store.setSealed(true);
  expect(readFileSync(join(user, 'bob.key.key'), 'utf8')).toContain('SEALED FILE');
  await store.setSealed(false);
  expect(readFileSync(join(user, 'bob.key.key'), 'utf8')).toBe('a key');
});

describe('keys sealed with a passphrase', () => {
  it('are no longer to be read, and all come back', async () => {
    const folder = sealedFolder();
    expect(plainKeys(folder)).toEqual([]);
    for (const [name, text] of before) {
      expect(read(folder, name), name).toMatch(/^-----BEGIN K8S-BOOTSTRAP SEALED FILE-----\n/);
      expect(read(folder, name), name).not.toContain(text.slice(0, 40));
      expect(modeOf(folder, 'pki', name), name).toBe('600');
    }
    expect(modeOf(folder, 'pki', 'vault.json')).toBe('600');
    await (await opened(folder, { passphrase })).setSealed(false);
    expect(keysIn(folder)).toEqual(before);
    expect(readdirSync(join(folder, 'pki'))).not.toContain('vault.json');
    expect((await loaded(folder)).isSealed()).toBe(false);
  });

  it('are not asked for before one is needed, and once then', async () => {
    const folder = sealedFolder();
    const ask = vi.fn(() => Promise.resolve(passphrase));
    const store = await opened(folder, { ask });
    expect(store.caPem('cluster')).toContain('BEGIN CERTIFICATE');
    expect([store.exists(), store.isSealed(), store.caKey('cluster'), store.encryptionKey()]).toEqual([
      true,
      true,
      undefined,
      undefined,
    ]);
    expect(store.admin()?.certificate).toContain('BEGIN CERTIFICATE');
    expect(store.missing()).toEqual([]);
    expect(ask).not.toHaveBeenCalled();
    const made = await Promise.all([
      store.issue(specForUser('jane', [])),
      store.issue(specForUser('joe', [])),
    ]);
    for (const { certificate } of made)
      expect(opensslVerify(store.caPem('users')!, certificate, 'sslclient')).toBe('OK');
    await store.ensure();
    expect(store.caKey('cluster')?.reveal()).toContain('PRIVATE KEY');
    expect(ask).toHaveBeenCalledTimes(1);
  });

  it('stay sealed when one is made anew', async () => {
    const folder = sealedFolder();
    const store = await opened(folder, { passphrase });
    await store.issueAdmin(specFor('admin', subject));
    rmSync(join(folder, 'pki', 'sa.key'));
    rmSync(join(folder, 'pki', 'sa.pub'));
    await (await opened(folder, { passphrase })).ensure();
    expect(plainKeys(folder)).toEqual([]);
  });

  it('are sealed from the first when asked for so', async () => {
    const fresh = join(temporaryFolder(), 'state');
    const first = openPkiStore(fresh, { passphrase, keyBits: 2048 });
    await first.load();
    await first.setSealed(true);
    await first.ensure();
    expect(plainKeys(fresh)).toEqual([]);
    await (await opened(fresh, { passphrase })).unlock();
  });

  it('can be compared with what a host has, without the passphrase', async () => {
    const folder = sealedFolder();
    const render = (key: Secret): string => `config of ${key.reveal()}`;
    const names = ['cluster', 'service-account', 'admin', 'encryption'] as const;
    const knowing = await opened(folder, { passphrase });
    expect(knowing.keyText('cluster')).toEqual({ sha256: undefined, bytes: 0 });
    await knowing.unlock();
    const texts = names.map((name) => knowing.keyText(name, render) as string);
    await knowing.remember();
    const { createHash } = await import('node:crypto');
    const locked = await opened(folder);
    expect(names.map((name) => locked.keyText(name, render))).toEqual(
      texts.map((text) => ({ sha256: createHash('sha256').update(text).digest('hex'), bytes: text.length })),
    );
    expect(locked.keyText('cluster', (key) => `another ${key.reveal()}`)).toEqual({
      sha256: undefined,
      bytes: 0,
    });
    // A key of the same name that was made anew is another.
    await knowing.issueAdmin(specFor('admin', subject));
    expect((await opened(folder)).keyText('admin', render)).toEqual({ sha256: undefined, bytes: 0 });
  });

  it('are refused to a wrong passphrase, to nobody, and without their header', async () => {
    const folder = sealedFolder();
    const refused = (code: string): object => expect.objectContaining({ code }) as object;
    await expect((await opened(folder, { passphrase: new Secret('wrong') })).unlock()).rejects.toEqual(
      refused('E_PASSPHRASE'),
    );
    await expect((await opened(folder)).issue(specForUser('jane', []))).rejects.toMatchObject({
      code: 'E_PASSPHRASE',
      hint: expect.stringContaining('K8S_BOOTSTRAP_PASSPHRASE') as string,
    });
    rmSync(join(folder, 'pki', 'vault.json'));
    await expect(opened(folder, { passphrase })).rejects.toEqual(refused('E_VAULT'));
  });

  it.each<[string, (string | undefined)[], RegExp]>([
    ['too short', ['short'], /too short/],
    ['typed differently', ['correct horse', 'correct hose'], /not the same/],
    ['not typed', [undefined], /is needed/],
  ])('are not sealed with a passphrase that is %s', async (_what, answers, message) => {
    const folder = stateFolder();
    const left = [...answers];
    const ask = (): Promise<Secret | undefined> => {
      const answer = left.shift();
      return Promise.resolve(answer === undefined ? undefined : new Secret(answer));
    };
    const store = await opened(folder, { ask });
    await expect(store.setSealed(true)).rejects.toMatchObject({
      code: 'E_PASSPHRASE',
      message: expect.stringMatching(message) as string,
    });
    expect(store.isSealed()).toBe(false);
    expect(readdirSync(join(folder, 'pki'))).not.toContain('vault.json');
  });

  it('may lie beside plain ones after a crash, and the next call ends the work', async () => {
    const folder = sealedFolder();
    writeFileSync(join(folder, 'pki', 'ca.key'), before.get('ca.key')!, { mode: 0o600 });
    const store = await opened(folder, { passphrase });
    expect(store.caKey('cluster')?.reveal()).toBe(before.get('ca.key'));
    await store.setSealed(true);
    expect(plainKeys(folder)).toEqual([]);
    await store.unlock();
    expect(store.caKey('cluster')?.reveal()).toBe(before.get('ca.key'));
  });
});
