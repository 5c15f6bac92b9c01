import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Secret } from '../../../src/kernel/secret.ts';
import { openPkiStore } from '../../../src/pki/open-pki-store.ts';
import { openssl, opensslVerify, temporaryFolder } from '../pki/support.ts';
import { loaded, modeOf, snapshot } from '../pki/store-support.ts';
import { type Place, SERVER, place, store, user } from './support.ts';

const read = (folder: string, ...path: string[]): string => readFileSync(join(folder, ...path), 'utf8');

describe('a user with a certificate', () => {
  let here: Place;
  const files = (): string => join(here.folder, 'users', 'jane@example.com');
  const jane = user('jane@example.com', { groups: ['devs', 'ops_1'], days: 3650, role: 'admin' });

  beforeAll(async () => {
    const folder = join(mkdtempSync(join(tmpdir(), 'users-test-')), 'state');
    const pki = openPkiStore(folder);
    await pki.ensure();
    here = { folder, pki };
    await (await store(here)).add(jane, SERVER, false);
  });

  afterAll(() => {
    rmSync(join(here.folder, '..'), { recursive: true });
  });

  it('gets every file, and no other may read what is secret', () => {
    expect(readdirSync(files()).sort()).toEqual([
      'ca.crt',
      'jane@example.com.crt',
      'jane@example.com.csr',
      'jane@example.com.key',
      'jane@example.com.kubeconfig',
      'rbac.yaml',
    ]);
    expect(['key', 'kubeconfig'].map((ending) => modeOf(files(), `jane@example.com.${ending}`))).toEqual([
      '600',
      '600',
    ]);
    expect([modeOf(files()), modeOf(here.folder, 'users.yaml'), modeOf(here.folder, 'tokens.csv')]).toEqual([
      '700',
      '600',
      '600',
    ]);
  });

  it('verifies with the file that the user has, for clients only', () => {
    const certificate = read(files(), 'jane@example.com.crt');
    expect(opensslVerify(read(files(), 'ca.crt'), certificate, 'sslclient')).toBe('OK');
    expect(opensslVerify(read(files(), 'ca.crt'), certificate, 'sslserver')).toMatch(/error 26/);
    const { subject, validTo } = new X509Certificate(certificate);
    expect(subject.split('\n')).toEqual(['O=devs', 'O=ops_1', 'CN=jane@example.com']);
    expect((new Date(validTo).getTime() - Date.now()) / 86_400_000).toBeGreaterThan(3640);
  });

  it('has a request that openssl verifies, of the same subject and key', () => {
    const request = read(files(), 'jane@example.com.csr');
    expect(openssl(['req', '-verify', '-noout', '-pubkey'], request)).toBe(
      openssl(['x509', '-noout', '-pubkey'], read(files(), 'jane@example.com.crt')),
    );
    expect(openssl(['req', '-noout', '-subject'], request)).toBe(
      'subject=O = devs, O = ops_1, CN = jane@example.com\n',
    );
    expect(openssl(['req', '-noout', '-text'], request)).toContain('sha256WithRSAEncryption');
  });

  it('keeps all of it when it is asked for again', async () => {
    const before = snapshot(files());
    const again = await store(here);
    const certificates = again.issued().length;
    await again.add(jane, SERVER, false);
    expect(snapshot(files())).toEqual(before);
    expect(again.users()).toHaveLength(1);
    expect(again.issued()).toHaveLength(certificates);
  });

  it('gets another key and certificate to renew it, or when its groups change', async () => {
    const before = read(files(), 'jane@example.com.crt');
    const again = await store(here);
    const certificates = again.issued().length;
    await again.add(jane, SERVER, true);
    const renewed = read(files(), 'jane@example.com.crt');
    expect(renewed).not.toBe(before);
    expect(again.issued()).toHaveLength(certificates + 1);
    expect(again.whyIssue({ ...jane, groups: ['devs'] })).toBe('O ops_1 is not wanted any more');
  });
});

describe('tokens', () => {
  it('are made once, one row a user, stable over changes of groups', async () => {
    const here = await place();
    const first = await store(here);
    expect(first.tokenRows()).toBe('');
    await first.add(user('bob', { auth: 'token', groups: ['a'] }), SERVER, false);
    const [, token = ''] = /^([0-9a-f]{64}),bob,k8s-bootstrap:bob,"a"\n$/.exec(first.tokenRows() ?? '') ?? [];
    expect(token).not.toBe('');
    const second = await store(here);
    await second.add(user('bob', { auth: 'both', groups: ['b'] }), SERVER, false);
    expect(second.tokenRows()).toBe(`${token},bob,k8s-bootstrap:bob,"b"\n`);
    expect(read(here.folder, 'tokens.csv')).toBe(second.tokenRows());
    expect(read(here.folder, 'users', 'bob', 'bob.kubeconfig')).toContain(token);
    expect(second.secrets().map((secret) => secret.reveal())).toContain(token);
    await second.add(user('bob', { auth: 'cert' }), SERVER, false);
    expect(second.tokenRows()).toBe('');
    expect(existsSync(join(here.folder, 'users', 'bob', 'bob.token'))).toBe(false);
  });

  it('are still to be made while a declared user has none', async () => {
    const here = await place();
    const declared = [user('bob', { auth: 'token' })];
    const before = snapshot(here.folder);
    const users = await store(here, { declared });
    expect(users.tokenRows()).toBeUndefined();
    expect(snapshot(here.folder)).toEqual(before);
    await users.ensure(SERVER);
    expect(users.tokenRows()).toMatch(/^[0-9a-f]{64},bob,/);
  });

  it('may be given in profile course, and are forgotten in any other', async () => {
    const here = await place();
    const token = new Secret('792c62a1b5f2b07b');
    const course = await store(here, {
      profile: 'course',
      declared: [user('admin', { auth: 'token', token })],
    });
    await course.ensure(SERVER);
    expect(course.tokenRows()).toBe('792c62a1b5f2b07b,admin,k8s-bootstrap:admin,""\n');
    const secure = await store(here, { declared: [user('admin', { auth: 'token' })] });
    expect(secure.tokenRows()).toBeUndefined();
  });
});

describe('users who go', () => {
  it('are forgotten first, have no row to bring to masters, and are remembered until they are revoked', async () => {
    const here = await place();
    await (await store(here, { declared: [user('eve', { auth: 'both' })] })).ensure(SERVER);
    const users = await store(here);
    expect(users.forgotten()).toEqual(['eve']);
    expect(users.tokenRows()).toBe('');
    await users.add(user('bob', { auth: 'token' }), SERVER, false);
    expect(users.forgotten()).toEqual(['eve']);
    await users.revoke('bob');
    await users.revoke('eve');
    expect(users.forgotten()).toEqual([]);
    expect(users.tokenRows()).toBe('');
    expect(users.revoked()).toMatchObject([{ name: 'bob' }, { name: 'eve' }]);
    expect(users.issued()).toMatchObject([{ name: 'eve' }]);
    expect(existsSync(join(here.folder, 'users', 'eve'))).toBe(false);
    await users.add(user('eve'), SERVER, false);
    expect(users.revoked()).toMatchObject([{ name: 'bob' }]);
    expect(users.issued()).toHaveLength(2);
  });
});

describe('users of sealed keys', () => {
  const passphrase = new Secret('correct horse');
  const jane = user('jane', { auth: 'both' });

  it('are not revoked by a run that found them unwanted before somebody issued them', async () => {
    const here = await place();
    const run = await store(here);
    await (await store(here)).add(user('late', { auth: 'token' }), SERVER, false);
    await run.revokeUnwanted(['late']);
    const again = await store(here);
    expect([
      again
        .users()
        .map(({ name }) => name)
        .includes('late'),
      again.revoked(),
    ]).toEqual([true, []]);
    expect(again.tokenOf('late')).toBeDefined();
  });

  it('have sealed files, which are known without the passphrase and opened with it', async () => {
    const { folder } = await place();
    const pki = openPkiStore(folder, { passphrase });
    await pki.load();
    const plain = await store({ folder, pki });
    await plain.add(jane, SERVER, false);
    const path = (name: string): string => join(folder, 'users', 'jane', `jane.${name}`);
    const before = ['key', 'kubeconfig', 'token'].map((name) => readFileSync(path(name), 'utf8'));
    await pki.setSealed(true);
    for (const name of ['key', 'kubeconfig', 'token']) {
      expect(readFileSync(path(name), 'utf8'), name).toContain('SEALED FILE');
      expect(statSync(path(name)).mode & 0o777, name).toBe(0o600);
    }
    const locked = await store({ folder, pki: await loaded(folder) });
    expect(locked.whyIssue(jane)).toBeUndefined();
    expect(locked.credentials('jane')?.key).toBeUndefined();
    await expect(locked.add(jane, SERVER, false)).rejects.toMatchObject({ code: 'E_PASSPHRASE' });
    const again = openPkiStore(folder, { passphrase });
    await again.load();
    const files = snapshot(join(folder, 'users'));
    await (await store({ folder, pki: again })).add(jane, SERVER, false);
    expect(snapshot(join(folder, 'users'))).toEqual(files);
    await (await store({ folder, pki: again })).add(user('joe'), SERVER, false);
    expect(readFileSync(join(folder, 'users', 'joe', 'joe.key'), 'utf8')).toContain('SEALED FILE');
    await again.setSealed(false);
    expect(['key', 'kubeconfig', 'token'].map((name) => readFileSync(path(name), 'utf8'))).toEqual(before);
    expect(readFileSync(join(folder, 'users', 'joe', 'joe.key'), 'utf8')).toContain('PRIVATE KEY');
  });
});

describe('users who come back', () => {
  it.each(['cert', 'token'] as const)(
    'are denied no more once they were given something (%s)',
    async (auth) => {
      const here = await place();
      const eve = user('eve', { auth });
      await (await store(here, { declared: [eve] })).ensure(SERVER);
      await (await store(here)).revoke('eve');
      const again = await store(here, { declared: [eve] });
      expect(again.readmitted()).toMatchObject([{ name: 'eve' }]);
      expect(again.revoked()).toEqual([]);
      await again.ensure(SERVER);
      expect(again.readmitted()).toEqual([]);
      // Taken out once more, somebody has to say so again.
      const gone = await store(here);
      expect(gone.revoked()).toEqual([]);
      expect(gone.forgotten()).toEqual(['eve']);
    },
  );
});

describe('what could go wrong', () => {
  it('nothing is written when there is no authority', async () => {
    const folder = temporaryFolder();
    const here = { folder, pki: await loaded(join(folder, 'none')) };
    const users = await store(here);
    await expect(users.add(user('jane'), SERVER, false)).rejects.toMatchObject({ code: 'E_CA_MISSING' });
    expect(readdirSync(folder)).toEqual([]);
  });

  it('a key without its certificate is made again; a key that others may read is refused', async () => {
    const here = await place();
    const users = await store(here);
    await users.add(user('jane'), SERVER, false);
    const key = join(here.folder, 'users', 'jane', 'jane.key');
    rmSync(join(here.folder, 'users', 'jane', 'jane.crt'));
    expect((await store(here)).whyIssue(user('jane'))).toBe('does not exist');
    await (await store(here)).ensure(SERVER);
    expect((await store(here)).whyIssue(user('jane'))).toBeUndefined();
    chmodSync(key, 0o644);
    await expect(store(here)).rejects.toMatchObject({ code: 'E_STATE_PERMISSIONS' });
  });

  it.each([
    ['users.yaml', 'users: [', 'E_USERS_FILE'],
    ['users.yaml', 'users: [{ name: 1 }]', 'E_USERS_FILE'],
    ['tokens.csv', '# none\n', 'E_TOKEN_ROW'],
  ])('%s that holds %j is refused', async (name, text, code) => {
    const here = await place();
    writeFileSync(join(here.folder, name), text, { mode: 0o600 });
    await expect(store(here)).rejects.toMatchObject({ code });
  });

  it('several at once lose nothing', async () => {
    const here = await place();
    const names = Array.from({ length: 12 }, (_, index) => `user-${String(index).padStart(2, '0')}`);
    await Promise.all(
      names.map(async (name) => (await store(here)).add(user(name, { auth: 'both' }), SERVER, false)),
    );
    const users = await store(here);
    expect(users.users().map(({ name }) => name)).toEqual(names);
    expect(users.tokenRows()?.split('\n')).toHaveLength(names.length + 1);
    expect(new Set(users.issued().map(({ serial }) => serial)).size).toBe(names.length);
    expect(readdirSync(here.folder).filter((name) => name.startsWith('users.lock'))).toEqual([]);
  });
});
