import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { readGivenClient } from '../../../src/pki/given-client.ts';
import { openssl } from './support.ts';

let folder = '';
const at = (name: string): string => join(folder, name);
const files = (over: Readonly<Record<string, string>> = {}): Parameters<typeof readGivenClient>[0] => ({
  ca: at('ca.crt'),
  cert: at('client.crt'),
  key: at('client.key'),
  ...over,
});
const DAY = 86_400_000;
const read = (over = {}, days = 0): ReturnType<typeof readGivenClient> =>
  readGivenClient(files(over), new Date(Date.now() + days * DAY));

/** A certificate of its own issue: nobody verifies who issued a client's but the server. */
function make(name: string, ...extensions: readonly string[]): void {
  const added = extensions.flatMap((extension) => ['-addext', extension]);
  const how = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', at(`${name}.key`), '-days', '90'];
  writeFileSync(at(`${name}.crt`), openssl([...how, '-subj', `/CN=${name}`, ...added]));
  chmodSync(at(`${name}.key`), 0o600);
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pki-test-'));
  make('ca', 'keyUsage=critical,keyCertSign');
  make('client', 'basicConstraints=critical,CA:FALSE', 'extendedKeyUsage=clientAuth');
  make('plain', 'basicConstraints=critical,CA:FALSE');
  make('server', 'basicConstraints=critical,CA:FALSE', 'extendedKeyUsage=serverAuth');
  writeFileSync(at('empty'), 'nothing\n', { mode: 0o600 });
  writeFileSync(at('broken.crt'), '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n');
  openssl(['pkey', '-in', at('client.key'), '-aes256', '-passout', 'pass:x', '-out', at('locked.key')]);
  chmodSync(at('locked.key'), 0o600);
  return () => {
    rmSync(folder, { recursive: true, force: true });
  };
});

describe('a client of somebody else’s server', () => {
  it('is read as a certificate, its key and whom it verifies', async () => {
    const { ca, certificate, key } = await read();
    expect([ca, certificate].map((pem) => openssl(['x509', '-noout', '-subject'], pem).trim())).toEqual([
      'subject=CN = ca',
      'subject=CN = client',
    ]);
    expect(key.reveal()).toMatch(/^-----BEGIN RSA PRIVATE KEY-----\n/);
  });

  it('may say nothing of what its certificate is for', async () => {
    await expect(read({ cert: at('plain.crt'), key: at('plain.key') })).resolves.toBeDefined();
  });

  it.each<[string, Readonly<Record<string, string>>, string, number?]>([
    ['the file of its authority is missing', { ca: 'none' }, 'cannot read none: no such file'],
    ['no authority is in it', { ca: 'client.crt' }, 'is not that of an authority (client)'],
    ['the certificate is none', { cert: 'empty' }, 'empty holds no certificate in PEM'],
    ['the certificate is broken', { cert: 'broken.crt' }, 'broken.crt: the certificate cannot be read'],
    ['it is another key’s', { cert: 'plain.crt' }, 'is not the key of plain in'],
    ['it is a server’s', { cert: 'server.crt', key: 'server.key' }, 'is not a certificate of a client'],
    ['it is over', {}, 'client.crt expired on', 91],
    ['it has not begun', {}, 'client.crt is not valid before', -1],
    ['the key is none', { key: 'empty' }, 'empty holds no private key'],
    ['the key is locked', { key: 'locked.key' }, 'locked.key holds no private key in PEM that is open'],
  ])('is refused when %s', async (_why, over, message, days = 0) => {
    const named = Object.fromEntries(Object.entries(over).map(([part, name]) => [part, at(name)]));
    const words = message.replace('read none', `read ${at('none')}`);
    await expect(read(named, days)).rejects.toMatchObject({
      code: 'E_ETCD_CLIENT',
      exitCode: 2,
      message: expect.stringContaining(words) as string,
    });
  });

  it('is refused when others can read its key', async () => {
    chmodSync(at('client.key'), 0o640);
    await expect(read()).rejects.toMatchObject({ code: 'E_STATE_PERMISSIONS' });
    chmodSync(at('client.key'), 0o600);
  });
});
