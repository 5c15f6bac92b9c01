import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { judgeCertificate } from '../../../src/pki/judge-certificate.ts';
import { specFor, specForUser } from '../../../src/pki/profiles.ts';
import { CA_IDS, LEAF_IDS } from '../../../src/pki/spec.ts';
import { openPkiStore } from '../../../src/pki/open-pki-store.ts';
import { FILES, loaded, modeOf, stateFolder } from './store-support.ts';
import { opensslVerify, subject } from './support.ts';

describe('issuing', () => {
  it.each(LEAF_IDS)('%s passes OpenSSL for what it is for, and only for that', async (id) => {
    const store = await loaded();
    const spec = specFor(id, subject);
    const { certificate, key } = await store.issue(spec);
    const ca = store.caPem(spec.ca)!;
    for (const usage of ['server', 'client'] as const) {
      const verdict = opensslVerify(ca, certificate, `ssl${usage}`);
      if (spec.usages.includes(usage)) expect(verdict).toBe('OK');
      else expect(verdict).toContain('error 26'); // unsuitable certificate purpose
    }
    const x509 = new X509Certificate(certificate);
    expect(x509.verify(new X509Certificate(ca).publicKey)).toBe(true);
    expect(x509.checkPrivateKey(createPrivateKey(key.reveal()))).toBe(true);
    expect(key.reveal()).toMatch(/^-----BEGIN RSA PRIVATE KEY-----\n/);
    for (const foreign of CA_IDS.filter((other) => other !== spec.ca)) {
      expect(opensslVerify(store.caPem(foreign)!, certificate, 'any')).toContain('error 20');
    }
  });

  it('a user: known by the bundle for client authorities, not by the cluster’s own', async () => {
    const store = await loaded();
    const { certificate } = await store.issue(specForUser('jane@example.com', ['devs']));
    expect(opensslVerify(store.clientCaPem()!, certificate, 'sslclient')).toBe('OK');
    expect(opensslVerify(store.caPem('cluster')!, certificate, 'sslclient')).toContain('error 20');
    expect(store.clientCaPem()).toBe(`${store.caPem('cluster')!}${store.caPem('users')!}`);
  });

  it('50 at once, each fit, with its own serial number and key', async () => {
    const folder = stateFolder();
    const store = openPkiStore(folder, { keyBits: 1024 });
    await store.load();
    const specs = Array.from({ length: 50 }, (_, index) =>
      specFor(LEAF_IDS[index % LEAF_IDS.length]!, {
        ...subject,
        node: { name: `n${index}`, ips: [`10.1.0.${index}`] },
      }),
    );
    const issued = await Promise.all(specs.map((spec) => store.issue(spec)));
    issued.forEach(({ certificate }, index) => {
      const spec = specs[index]!;
      const context = {
        caSki: store.caKeyId(spec.ca),
        caPem: store.caPem(spec.ca),
        now: new Date(),
        renewBeforeDays: 30,
      };
      expect(judgeCertificate(certificate, spec, context)).toMatchObject({ fit: true });
    });
    expect(new Set(issued.map(({ certificate }) => new X509Certificate(certificate).serialNumber)).size).toBe(
      50,
    );
    expect(new Set(issued.map(({ key }) => key.reveal())).size).toBe(50);
    expect(readdirSync(join(folder, 'pki')).toSorted()).toEqual(FILES);
  });
});

describe('the administrator’s certificate', () => {
  it('is kept, and found again', async () => {
    const folder = stateFolder();
    const store = await loaded(folder);
    const made = await store.issueAdmin(specFor('admin', subject));
    expect(store.admin()).toEqual(made);
    expect((await loaded(folder)).admin()?.key?.reveal()).toBe(made.key.reveal());
    expect([modeOf(folder, 'pki', 'admin.key'), modeOf(folder, 'pki', 'admin.crt')]).toEqual(['600', '644']);
  });

  it('counts as absent when a crash left key and certificate of two generations', async () => {
    const folder = stateFolder();
    const store = await loaded(folder);
    await store.issueAdmin(specFor('admin', subject));
    writeFileSync(
      join(folder, 'pki', 'admin.key'),
      (await store.issue(specFor('admin', subject))).key.reveal(),
    );
    expect((await loaded(folder)).admin()).toBeUndefined();
    rmSync(join(folder, 'pki', 'admin.key'));
    expect((await loaded(folder)).admin()).toBeUndefined();
  });
});
