import { spawn } from 'node:child_process';
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readCertificate } from '../../../src/pki/read-certificate.ts';
import { CA_IDS } from '../../../src/pki/spec.ts';
import { openPkiStore } from '../../../src/pki/open-pki-store.ts';
import { FILES, loaded, modeOf, snapshot, stateFolder } from './store-support.ts';
import { opensslVerify, temporaryFolder } from './support.ts';

it.each([
  [['encryption.key'], ['encryption.key']],
  [
    ['sa.key', 'sa.pub'],
    ['sa.key', 'sa.pub'],
  ],
  [
    ['etcd-ca.crt', 'etcd-ca.key'],
    ['etcd-ca.crt', 'etcd-ca.key'],
  ],
  [['plan.hmac'], []],
])('without %j misses %j', async (gone, missing) => {
  const folder = stateFolder();
  expect((await loaded(folder)).missing()).toEqual([]);
  for (const name of gone) rmSync(join(folder, 'pki', name));
  expect((await loaded(folder)).missing()).toEqual(missing);
});

describe('reading', () => {
  it('makes nothing, and finds nothing where nothing is', async () => {
    const parent = temporaryFolder();
    const store = await loaded(join(parent, 'state'));
    expect(readdirSync(parent)).toEqual([]);
    expect(CA_IDS.map((id) => store.caPem(id) ?? store.caKeyId(id) ?? store.caKey(id))).toEqual(
      CA_IDS.map(() => undefined),
    );
    expect([
      store.clientCaPem(),
      store.serviceAccount(),
      store.encryptionKey(),
      store.planKey(),
      store.admin(),
    ]).toEqual(Array.from({ length: 5 }));
  });

  it('leaves a complete folder exactly as it is, and so does making it again', async () => {
    const folder = stateFolder();
    const before = snapshot(folder);
    await loaded(folder);
    expect(snapshot(folder)).toEqual(before);
    await openPkiStore(folder).ensure();
    expect(snapshot(folder)).toEqual(before);
  });

  it('does not let a key slip into a message', async () => {
    const store = await loaded();
    expect(JSON.stringify([store.caKey('cluster'), store.serviceAccount()?.privateKey])).toBe(
      '["***","***"]',
    );
    expect(`${String(store.encryptionKey())} ${String(store.planKey())}`).toBe('*** ***');
  });
});

describe('making', () => {
  it.each([0o000, 0o077, 0o022])(
    'writes keys 0600, the rest 0644, in folders 0700, under umask %o',
    async (mask) => {
      const folder = join(temporaryFolder(), 'state');
      // The umask belongs to the whole process, so it is set in one of its own.
      expect(await runInChild(`process.umask(${mask}); ${ENSURE}`, folder)).toBe(0);
      expect(readdirSync(folder).toSorted()).toEqual(['.gitignore', 'pki']);
      expect(readdirSync(join(folder, 'pki')).toSorted()).toEqual(FILES);
      expect([modeOf(folder), modeOf(folder, 'pki')]).toEqual(['700', '700']);
      for (const name of FILES) {
        expect(modeOf(folder, 'pki', name), name).toBe(/\.(crt|pub)$/.test(name) ? '644' : '600');
      }
    },
  );

  it('makes CAs that OpenSSL takes, four of them, each with its own key', async () => {
    const store = await loaded();
    for (const id of CA_IDS) {
      expect(opensslVerify(store.caPem(id)!, store.caPem(id)!, 'any')).toBe('OK');
      expect(store.caKey(id)!.reveal()).toMatch(/^-----BEGIN RSA PRIVATE KEY-----\n/);
      expect(store.caKeyId(id)).toBe(readCertificate(store.caPem(id)!).subjectKeyId);
    }
    expect(new Set(CA_IDS.map((id) => store.caKeyId(id))).size).toBe(4);
  });

  it('makes a service account pair as Kubernetes reads it', async () => {
    const { privateKey, publicKey } = (await loaded()).serviceAccount()!;
    expect(privateKey!.reveal()).toMatch(/^-----BEGIN RSA PRIVATE KEY-----\n/);
    expect(publicKey).toMatch(/^-----BEGIN PUBLIC KEY-----\n/);
    expect(createPublicKey(createPrivateKey(privateKey!.reveal())).equals(createPublicKey(publicKey))).toBe(
      true,
    );
  });

  it('makes two different random keys of 32 bytes', async () => {
    const store = await loaded();
    const keys = [store.encryptionKey()!.reveal(), store.planKey()!.reveal()];
    expect(keys.map((key) => Buffer.from(key, 'base64').length)).toEqual([32, 32]);
    expect(keys[0]).not.toBe(keys[1]);
  });

  it.each([
    [['users-ca.crt', 'users-ca.key']],
    [['sa.key', 'sa.pub']],
    [['encryption.key']],
    [['plan.hmac', 'etcd-ca.crt', 'etcd-ca.key']],
  ])('adds %j and touches nothing else', async (names) => {
    const folder = stateFolder();
    const before = snapshot(join(folder, 'pki'));
    for (const name of names) rmSync(join(folder, 'pki', name));
    const store = openPkiStore(folder);
    await store.ensure();
    const after = snapshot(join(folder, 'pki'));
    for (const name of FILES) {
      if (names.includes(name)) expect(after[name], name).not.toBe(before[name]);
      else expect(after[name], name).toBe(before[name]);
    }
    expect(Object.keys(after)).toEqual(['.', ...FILES]);
    expect(readdirSync(folder).toSorted()).toEqual(['.gitignore', 'pki']);
    expect(store.caPem('users')).toBe(readFileSync(join(folder, 'pki', 'users-ca.crt'), 'utf8'));
  });

  it('fills a folder that somebody made beforehand', async () => {
    const folder = join(temporaryFolder(), 'state');
    mkdirSync(join(folder, 'pki'), { recursive: true, mode: 0o700 });
    await openPkiStore(folder).ensure();
    expect(readdirSync(join(folder, 'pki')).toSorted()).toEqual(FILES);
  });

  it('clears away what a crash left beside it', async () => {
    const folder = join(temporaryFolder(), 'state');
    mkdirSync(join(folder, '.new-abc'), { recursive: true, mode: 0o700 });
    writeFileSync(join(folder, '.new-abc', 'ca.key'), 'half a key', { mode: 0o600 });
    await openPkiStore(folder).ensure();
    expect(readdirSync(folder).toSorted()).toEqual(['.gitignore', 'pki']);
  });

  // Renames: .gitignore, the 12 files beside the folder, then the folder itself.
  it.each([1, 2, 8, 14])('is all or nothing: killed before its rename number %i', async (kill) => {
    const folder = join(temporaryFolder(), 'state');
    expect(await runInChild(`${killedBefore(kill)} ${ENSURE}`, folder)).toBe('SIGKILL');
    expect(existsSync(join(folder, 'pki'))).toBe(false);
    await openPkiStore(folder, { keyBits: 1024 }).ensure();
    expect(readdirSync(folder).filter((name) => name.startsWith('.new-'))).toEqual([]);
    expect(readdirSync(join(folder, 'pki')).toSorted()).toEqual(FILES);
  });

  it('never replaces what another run has made meanwhile', async () => {
    const folder = stateFolder();
    const pki = join(folder, 'pki');
    rmSync(join(pki, 'sa.key'));
    rmSync(join(pki, 'sa.pub'));
    const attempts = await Promise.allSettled([openPkiStore(folder).ensure(), openPkiStore(folder).ensure()]);
    expect(attempts.some(({ status }) => status === 'fulfilled')).toBe(true);
    await expect(loaded(folder)).resolves.toBeDefined(); // whoever won, the pair fits
  });
});

const ENSURE = 'await openPkiStore(folder, { keyBits: 1024 }).ensure();';

/** Code that kills its own process just before it renames something for the given time. */
const killedBefore = (count: number): string => `
  const { default: fs } = await import('node:fs/promises');
  const { rename } = fs;
  let renames = 0;
  fs.rename = (...paths) => {
    renames += 1;
    if (renames === ${count}) process.kill(process.pid, 'SIGKILL');
    return rename(...paths);
  };
  (await import('node:module')).syncBuiltinESMExports();`;

/** Runs code in a process of its own; the code sees `folder` and `openPkiStore`. */
async function runInChild(code: string, folder: string): Promise<number | string | null> {
  const store = new URL('../../../src/pki/open-pki-store.ts', import.meta.url).href;
  const script = `
    const { openPkiStore } = await import(${JSON.stringify(store)});
    const folder = ${JSON.stringify(folder)};
    ${code}`;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [status, signal] = (await once(child, 'exit')) as [number | null, string | null];
  return signal ?? status;
}
