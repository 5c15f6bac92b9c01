import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { judgeCertificate } from '../../../src/pki/judge-certificate.ts';
import { specFor } from '../../../src/pki/profiles.ts';
import { readCertificate } from '../../../src/pki/read-certificate.ts';
import { openPkiStore } from '../../../src/pki/open-pki-store.ts';
import { certificatesOf } from '../../../src/pki/trusted.ts';
import { type AuthorityOptions, type MadeAuthority, intermediate } from './own-authority.ts';
import { stateFolder, withCode } from './store-support.ts';
import { openssl, opensslVerify, subject, temporaryFolder } from './support.ts';

const ELLIPTIC: AuthorityOptions = { key: ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-384'] };

async function storeOf(given: MadeAuthority, folder = join(temporaryFolder(), 'state')) {
  const store = openPkiStore(folder, { given });
  await store.load();
  return { store, folder };
}

describe('a cluster whose authority somebody else runs', () => {
  it.each([
    ['RSA', {}],
    ['elliptic', ELLIPTIC],
  ])('issues certificates that OpenSSL takes (%s)', async (_kind, options) => {
    const given = intermediate(options);
    const { store } = await storeOf(given);
    await store.ensure();
    expect(store.caPem('cluster')).toBe(given.certificate);
    expect(store.trustPem('cluster')).toBe(given.certificate + given.root);
    for (const id of ['apiserver', 'kubelet-client'] as const) {
      const spec = specFor(id, subject);
      const { certificate } = await store.issue(spec);
      const [leaf = '', ...chain] = certificatesOf(certificate);
      expect(chain, id).toEqual([given.certificate]);
      const usage = spec.usages.includes('server') ? 'sslserver' : 'sslclient';
      expect(opensslVerify(store.trustPem('cluster')!, leaf, usage), id).toBe('OK');
      // Who knows only the root is led there by what is served.
      const folder = temporaryFolder();
      const file = (name: string, text: string): string => {
        writeFileSync(join(folder, name), text);
        return join(folder, name);
      };
      const options = [
        '-x509_strict',
        '-CAfile',
        file('root', given.root),
        '-untrusted',
        file('served', certificate),
      ];
      expect(openssl(['verify', ...options, file('leaf', leaf)])).toContain('OK');
      const context = {
        caSki: store.caKeyId('cluster'),
        caPem: store.caPem('cluster'),
        chain: store.chainPem('cluster'),
        now: new Date(),
        renewBeforeDays: 30,
      };
      expect(judgeCertificate(certificate, spec, context)).toMatchObject({ fit: true });
      expect(judgeCertificate(leaf, spec, context)).toMatchObject({
        reason: 'is not followed by the chain of its CA',
      });
      expect(readCertificate(leaf).notAfter).toEqual(readCertificate(given.certificate).notAfter);
    }
  });

  it('lets nobody in whom the root alone has vouched for', async () => {
    const given = intermediate();
    const { store } = await storeOf(given);
    await store.ensure();
    expect(store.clientCaPem()).toBe(`${given.certificate}${store.caPem('users')!}`);
    expect(store.anchorPem('cluster')).toBe(given.certificate);
  });

  it('is looked at and not kept until something is made', async () => {
    const { store, folder } = await storeOf(intermediate());
    expect(store.exists()).toBe(false);
    expect(store.caKeyId('cluster')).toBeDefined();
    expect(() => readdirSync(folder)).toThrow('ENOENT');
  });

  it('needs the files no more once it is there, and takes no other', async () => {
    const given = intermediate();
    const { store, folder } = await storeOf(given);
    await store.ensure();
    const keys = (): string =>
      readFileSync(join(folder, 'pki', 'ca.key'), 'utf8') +
      readFileSync(join(folder, 'pki', 'ca.crt'), 'utf8');
    const before = keys();
    await expect(storeOf(intermediate(), folder)).rejects.toThrow(withCode('E_OWN_CA'));
    rmSync(given.folder, { recursive: true });
    const { store: later } = await storeOf(given, folder);
    await later.ensure();
    expect(keys()).toBe(before);
    expect(later.chainPem('cluster')).toBe(given.certificate);
  });

  it('never replaces one that the program made', async () => {
    const folder = stateFolder();
    await expect(storeOf(intermediate(), folder)).rejects.toMatchObject({
      code: 'E_OWN_CA',
      hint: expect.stringContaining('docs/decisions/021-ca-rotation.md') as string,
    });
  });

  it('has no chain to serve when it is a root itself', async () => {
    const { root, folder } = intermediate();
    const cert = join(folder, 'alone.crt');
    writeFileSync(cert, root);
    const { store } = await storeOf({ ...intermediate(), cert, key: join(folder, 'root.key') });
    await store.ensure();
    expect([store.trustPem('cluster'), store.chainPem('cluster')]).toEqual([root, '']);
  });
});
