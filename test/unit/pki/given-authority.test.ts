import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { Secret } from '../../../src/kernel/secret.ts';
import { type GivenAuthority, readGivenAuthority } from '../../../src/pki/given-authority.ts';
import { type AuthorityOptions, type MadeAuthority, encrypted, intermediate } from './own-authority.ts';
import { openssl } from './support.ts';

const now = new Date();
const read = (given: GivenAuthority, at = new Date()): ReturnType<typeof readGivenAuthority> =>
  readGivenAuthority(given, undefined, at);
const refusal = (code: string, message: RegExp): object =>
  expect.objectContaining({ code, exitCode: 2, message: expect.stringMatching(message) as string }) as object;
const CA = 'basicConstraints=critical,CA:TRUE';
const USAGE = 'keyUsage=critical,keyCertSign,cRLSign';

let made: MadeAuthority;
const own = (name: string, content: string): string => {
  const path = join(made.folder, name);
  writeFileSync(path, content);
  return path;
};

beforeAll(() => {
  made = intermediate({}, mkdtempSync(join(tmpdir(), 'pki-test-')));
  return () => {
    rmSync(made.folder, { recursive: true, force: true });
  };
});

describe('an authority of one’s own', () => {
  it('is read with those above it, its key without a passphrase', async () => {
    const checked = await read(made);
    expect(checked.certificate).toBe(made.certificate);
    expect(checked.parents).toEqual([made.root]);
    expect(checked.key.reveal()).toMatch(/^-----BEGIN RSA PRIVATE KEY-----\n/);
  });

  it.each([
    ['PKCS#1', ['rsa', '-aes256', '-traditional']],
    ['PKCS#8', ['pkcs8', '-topk8', '-v2', 'aes-256-cbc']],
    ['PKCS#8 with scrypt', ['pkcs8', '-topk8', '-scrypt']],
  ])('may have an encrypted key: %s', async (_name, args) => {
    const given = encrypted(made, args);
    const plain = (await read(made)).key.reveal();
    expect((await read(given)).key.reveal()).toBe(plain);
    const ask = vi.fn(() => Promise.resolve(new Secret('correct horse')));
    expect(
      (await readGivenAuthority({ ...given, passphrase: undefined }, ask, new Date())).key.reveal(),
    ).toBe(plain);
    expect(ask).toHaveBeenCalledExactlyOnceWith(`Passphrase of ${given.key}: `);
    await expect(read({ ...given, passphrase: new Secret('wrong') })).rejects.toEqual(
      refusal('E_PASSPHRASE', /cannot be opened with the passphrase given/),
    );
    await expect(read({ ...given, passphrase: undefined })).rejects.toEqual(
      refusal('E_PASSPHRASE', /is needed/),
    );
  });

  it('has a passphrase that is wrong also where what comes out of it looks like padding', async () => {
    const given = encrypted(made, ['pkcs8', '-topk8', '-v2', 'aes-256-cbc', '-iter', '1']);
    const key = readFileSync(given.key);
    const wrong = Array.from({ length: 20_000 }, (_, index) => `wrong ${index}`).find((passphrase) => {
      try {
        createPrivateKey({ key, passphrase });
        return false;
      } catch (error) {
        return (error as NodeJS.ErrnoException).code === 'ERR_OSSL_UNSUPPORTED';
      }
    });
    expect(wrong).toBeDefined();
    await expect(read({ ...given, passphrase: new Secret(wrong ?? '') })).rejects.toEqual(
      refusal('E_PASSPHRASE', /cannot be opened with the passphrase given/),
    );
  });

  it('may be as everybody makes one, with no word on what its key is for', async () => {
    const key = own(
      'plain.key',
      openssl(['genpkey', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048']),
    );
    const config = own(
      'plain.cnf',
      '[req]\ndistinguished_name=dn\nx509_extensions=v3\n[dn]\n[v3]\nbasicConstraints=CA:TRUE\n',
    );
    const made = [
      'req',
      '-x509',
      '-new',
      '-nodes',
      '-key',
      key,
      '-subj',
      '/CN=x',
      '-days',
      '10000',
      '-config',
      config,
    ];
    const cert = own('plain.crt', openssl(made));
    await expect(read({ cert, key, passphrase: undefined })).resolves.toMatchObject({ parents: [] });
    // An intermediate one neither.
    await expect(read(intermediate({ extensions: [CA], rootExtensions: [CA] }))).resolves.toBeDefined();
  });

  it.each(['P-256', 'P-384', 'P-521'])('may have an elliptic key: %s', async (curve) => {
    const elliptic = intermediate({ key: ['-algorithm', 'EC', '-pkeyopt', `ec_paramgen_curve:${curve}`] });
    expect((await read(elliptic)).key.reveal()).toMatch(/^-----BEGIN EC PRIVATE KEY-----\n/);
  });

  it.each<[string, AuthorityOptions, RegExp]>([
    ['no CA:TRUE', { extensions: ['basicConstraints=CA:FALSE', USAGE] }, /CA:TRUE is missing/],
    ['no keyCertSign', { extensions: [CA, 'keyUsage=critical,cRLSign'] }, /without keyCertSign/],
    [
      'clients only',
      { extensions: [CA, USAGE, 'extendedKeyUsage=clientAuth'] },
      /may not issue server certificates/,
    ],
    [
      'names limited',
      { extensions: [CA, USAGE, 'nameConstraints=permitted;DNS:example.com'] },
      /limits the names/,
    ],
    [
      'a root that allows nothing below it',
      { rootExtensions: [`${CA},pathlen:0`, USAGE] },
      /"Root" allows 0 .* there is 1/,
    ],
    ['SHA-1', { digest: 'sha1' }, /is signed with SHA-1/],
    ['MD5', { digest: 'md5' }, /is signed with MD5/],
    ['RSA 1024', { key: ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:1024'] }, /RSA key of 1024 bits/],
    ['Ed25519', { key: ['-algorithm', 'ED25519'] }, /key of type ed25519/],
    ['secp256k1', { key: ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:secp256k1'] }, /secp256k1/],
  ])('is refused: %s', async (_what, options, message) => {
    await expect(read(intermediate(options))).rejects.toEqual(refusal('E_OWN_CA', message));
  });

  it('may allow nothing below itself, and any usage by name', async () => {
    const extensions = [`${CA},pathlen:0`, USAGE, 'extendedKeyUsage=anyExtendedKeyUsage'];
    await expect(read(intermediate({ extensions }))).resolves.toBeDefined();
  });

  it('is refused before its time and after it', async () => {
    const day = 24 * 60 * 60 * 1000;
    await expect(read(made, new Date(now.getTime() - 2 * day))).rejects.toMatchObject({
      message: expect.stringContaining('is not valid before') as string,
      hint: expect.stringContaining('clock') as string,
    });
    await expect(read(made, new Date(now.getTime() + 400 * day))).rejects.toEqual(
      refusal('E_OWN_CA', /expired on/),
    );
    await expect(read(made, new Date(now.getTime() + 1000 * day))).rejects.toEqual(
      refusal('E_OWN_CA', /expired on/),
    );
  });

  it.each<[string, () => Partial<GivenAuthority>, string, RegExp]>([
    ['no file', () => ({ cert: '/nonexistent/ca.crt' }), 'E_OWN_CA', /cannot read .*no such file/],
    ['no key', () => ({ key: '/nonexistent/ca.key' }), 'E_OWN_CA_KEY', /cannot read .*no such file/],
    ['no PEM', () => ({ cert: own('x.der', '\u0030\u0082') }), 'E_OWN_CA', /no certificate in PEM/],
    [
      'half a certificate',
      () => ({ cert: own('x.crt', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n') }),
      'E_OWN_CA',
      /certificate 1 cannot be read/,
    ],
    ['a certificate as key', () => ({ key: made.cert }), 'E_OWN_CA_KEY', /no private key in PEM/],
    [
      'half a key',
      () => ({ key: own('x.key', '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n') }),
      'E_OWN_CA_KEY',
      /cannot be read/,
    ],
    [
      'the root’s key',
      () => ({ key: join(made.folder, 'root.key') }),
      'E_OWN_CA_KEY',
      /is not the key of "Züri"/,
    ],
    [
      'the root missing',
      () => ({ cert: own('alone.crt', made.certificate) }),
      'E_OWN_CA',
      /is not a root, and the file ends/,
    ],
    [
      'the root first',
      () => ({ cert: own('turned.crt', made.root + made.certificate) }),
      'E_OWN_CA',
      /is a root, and another certificate follows/,
    ],
    [
      'another root',
      () => ({ cert: own('other.crt', made.certificate + intermediate().root) }),
      'E_OWN_CA',
      /was not issued by "Root"/,
    ],
  ])('is refused: %s', async (_what, change, code, message) => {
    await expect(read({ ...made, ...change() })).rejects.toEqual(refusal(code, message));
  });

  it('says of a key that is encrypted as in the nineties what to do', async () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const old = own('rsa.key', privateKey.export({ type: 'pkcs1', format: 'pem' }) as string);
    const key = join(made.folder, 'des.key');
    openssl([
      'rsa',
      '-des',
      '-traditional',
      '-provider',
      'legacy',
      '-provider',
      'default',
      '-in',
      old,
      '-out',
      key,
      '-passout',
      'pass:x',
    ]);
    expect(readFileSync(key, 'utf8')).toContain('DES-CBC');
    await expect(read({ ...made, key, passphrase: new Secret('x') })).rejects.toMatchObject({
      code: 'E_OWN_CA_KEY',
      hint: expect.stringContaining('openssl pkcs8') as string,
    });
  });
});
