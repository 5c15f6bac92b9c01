import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { caCertificate, leafCertificate } from '../../../src/pki/issue-certificate.ts';
import type { Issuer } from '../../../src/pki/issue-certificate.ts';
import { elements, unwrap } from '../../../src/pki/der.ts';
import { newKeyPair } from '../../../src/pki/keys.ts';
import type { KeyPair } from '../../../src/pki/keys.ts';
import { subjectValue } from '../../../src/pki/subject-names.ts';
import { caSpec } from '../../../src/pki/profiles.ts';
import { readCertificate } from '../../../src/pki/read-certificate.ts';
import type { CertificateSpec } from '../../../src/pki/spec.ts';
import { certificateText, newIssuer, openssl, opensslVerify, plainSpec, temporaryFolder } from './support.ts';

const DAY = 24 * 3600 * 1000;
let issuer: Issuer & { keys: KeyPair };
let keys: KeyPair;

beforeAll(async () => {
  [issuer, keys] = await Promise.all([newIssuer(), newKeyPair(2048)]);
});

const make = (spec: Partial<CertificateSpec> = {}, by: Issuer = issuer): string =>
  leafCertificate({ ...plainSpec, ...spec }, keys, by, new Date());

/** Subject (index 4) or issuer (index 2) exactly as encoded. */
const encodedName = (pem: string, index: 2 | 4): Buffer | undefined =>
  elements(unwrap(unwrap(new X509Certificate(pem).raw))).filter(({ tag }) => tag !== 0xa0)[index]?.content;

function acceptable(value: string): boolean {
  try {
    return subjectValue(value) === value;
  } catch {
    return false;
  }
}

describe('signature and serial number', () => {
  it('signs with SHA-256', () => {
    for (const pem of [make(), issuer.certificate]) {
      const algorithms = [...certificateText(pem).matchAll(/Signature Algorithm: (\S+)/g)].map(
        ([, name]) => name,
      );
      expect(algorithms).toEqual(['sha256WithRSAEncryption', 'sha256WithRSAEncryption']);
    }
  });

  it('gives every certificate its own positive serial number of 16 octets', () => {
    const serials = Array.from({ length: 60 }, () => new X509Certificate(make()).serialNumber);
    serials.push(new X509Certificate(issuer.certificate).serialNumber);
    for (const serial of serials) expect(serial).toMatch(/^[4-7][0-9A-F]{31}$/);
    expect(new Set(serials).size).toBe(serials.length);
  });

  it('refuses to hand out what the authority’s certificate does not verify', async () => {
    const other = await newKeyPair(2048);
    expect(() => make({}, { certificate: issuer.certificate, key: other.privateKey })).toThrow(
      expect.objectContaining({
        code: 'E_CERT_CHECK',
        message: expect.stringContaining('signature') as string,
      }),
    );
  });
});

describe('subject', () => {
  it.each(['kube-apiserver', 'system:node:m1', "O'Neil (ops), +1/2=3?"])(
    'writes %s as PrintableString',
    (name) => {
      expect(openssl(['asn1parse'], make({ commonName: name }))).toContain(`PRINTABLESTRING   :${name}`);
    },
  );

  it.each(['dev_user', 'a@b.com', '*', 'é', '管理', 'a"b', 'a;b', 'a&b', 'a#b'])(
    'writes %s as UTF8String',
    (name) => {
      const pem = make({ commonName: name });
      expect(openssl(['asn1parse'], pem)).toContain(`UTF8STRING        :`);
      expect(readCertificate(pem).commonName).toBe(name);
    },
  );

  it('carries any acceptable name and groups unchanged', () => {
    const value = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).filter(acceptable);
    fc.assert(
      fc.property(value, fc.uniqueArray(value, { maxLength: 3 }), (commonName, organizations) => {
        const facts = readCertificate(make({ commonName, organizations }));
        expect([facts.commonName, facts.organizations]).toEqual([commonName, organizations]);
      }),
      { numRuns: 50 },
    );
  });

  it('puts every group into an O of its own', () => {
    const pem = make({ organizations: ['devs', 'system:masters'] });
    expect(new X509Certificate(pem).subject).toBe('O=devs\nO=system:masters\nCN=m1');
  });
});

describe('issuer', () => {
  it('is the subject of the authority byte by byte, however that was encoded', () => {
    const folder = temporaryFolder();
    const [key, crt, conf] = ['ca.key', 'ca.crt', 'ca.cnf'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    writeFileSync(conf, CA_OF_SOMEBODY_ELSE);
    openssl([
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-utf8',
      '-keyout',
      key,
      '-out',
      crt,
      '-config',
      conf,
    ]);
    const certificate = openssl(['x509', '-in', crt]);
    const pem = make({}, { certificate, key: createPrivateKey(readFileSync(key)) });
    expect(encodedName(pem, 2)).toEqual(encodedName(certificate, 4));
    expect(opensslVerify(certificate, pem, 'sslserver')).toBe('OK');
  });

  it('is identified by the key id of the authority and nothing else', () => {
    const pem = make();
    expect(readCertificate(pem).authorityKeyId).toBe(readCertificate(issuer.certificate).subjectKeyId);
    expect(readCertificate(pem).authorityKeyId).not.toBe(readCertificate(pem).subjectKeyId);
    expect(certificateText(pem)).not.toMatch(/DirName|serial:/);
    expect(new X509Certificate(pem).checkIssued(new X509Certificate(issuer.certificate))).toBe(true);
  });
});

describe('extensions', () => {
  it('of one certificate never leak into the next', async () => {
    const second = await newKeyPair(2048);
    const one = readCertificate(make({ dnsNames: ['one'], ips: [] }));
    const two = readCertificate(
      leafCertificate({ ...plainSpec, dnsNames: ['two'], ips: [] }, second, issuer, new Date()),
    );
    expect([one.dnsNames, two.dnsNames]).toEqual([['one'], ['two']]);
    expect(one.subjectKeyId).not.toBe(two.subjectKeyId);
  });

  it('of a leaf: no CA, no path length, one list of names', () => {
    const text = certificateText(make());
    expect(text).toMatch(/Basic Constraints: critical\s+CA:FALSE\n/);
    expect(text).not.toContain('pathlen');
    expect(text.match(/Subject Alternative Name/g)).toHaveLength(1);
    expect(text).toContain('Subject Key Identifier');
  });

  it('leave out an empty list of names', () => {
    const pem = make({ usages: ['client'], dnsNames: [], ips: [] });
    expect(certificateText(pem)).not.toContain('Alternative Name');
    expect(opensslVerify(issuer.certificate, pem, 'sslclient')).toBe('OK');
  });

  it.each([
    {
      usages: ['server'],
      keyUsage: 'Digital Signature, Key Encipherment',
      extended: 'TLS Web Server Authentication',
    },
    { usages: ['client'], keyUsage: 'Digital Signature', extended: 'TLS Web Client Authentication' },
    {
      usages: ['server', 'client'],
      keyUsage: 'Digital Signature, Key Encipherment',
      extended: 'TLS Web Server Authentication, TLS Web Client Authentication',
    },
  ] as const)('say $keyUsage for $usages', ({ usages, keyUsage, extended }) => {
    const text = certificateText(make({ usages }));
    expect(text).toMatch(new RegExp(`X509v3 Key Usage: critical\\n\\s+${keyUsage}\\n`));
    expect(text).toMatch(new RegExp(`Extended Key Usage: \\n\\s+${extended}\\n`));
  });

  it.each(['::1', '2001:db8::10', '::', '1::', 'fe80::1:2:3:4'])('carry %s as an address', (ip) => {
    const pem = make({ ips: [ip] });
    expect(new X509Certificate(pem).checkIP(ip)).toBe(ip);
    expect(readCertificate(pem).ips).toEqual([ip]);
  });

  it('carry addresses as addresses and names as names', () => {
    const x509 = new X509Certificate(make());
    expect(x509.checkIP('10.0.0.11')).toBe('10.0.0.11');
    expect(x509.checkHost('10.0.0.11', { subject: 'never' })).toBeUndefined();
    expect(x509.checkHost('localhost', { subject: 'never' })).toBe('localhost');
  });

  it('of an authority: critical CA flag, path length 0, its usages, a key id', () => {
    const text = certificateText(issuer.certificate);
    expect(text).toMatch(/Basic Constraints: critical\s+CA:TRUE, pathlen:0\n/);
    expect(text).toMatch(/X509v3 Key Usage: critical\s+Digital Signature, Certificate Sign, CRL Sign\n/);
    expect(text).toContain('Subject Key Identifier');
  });

  it('restrict the users’ authority, and no other, to clients', () => {
    const usages = (id: 'cluster' | 'etcd' | 'front-proxy' | 'users'): readonly string[] =>
      readCertificate(caCertificate(caSpec(id), keys, new Date())).usages;
    expect(usages('users')).toEqual(['client']);
    for (const id of ['cluster', 'etcd', 'front-proxy'] as const) expect(usages(id)).toEqual([]);
  });
});

describe('the users’ authority', () => {
  it('can sign clients, and no server that anybody believes', async () => {
    const users = await newIssuer('users');
    const server = make({ usages: ['server'] }, users);
    expect(opensslVerify(users.certificate, make({ usages: ['client'] }, users), 'sslclient')).toBe('OK');
    expect(opensslVerify(users.certificate, server, 'sslserver')).toContain('error 26');
  });
});

describe('validity', () => {
  it('starts in the past and lasts the days of the profile', () => {
    const now = new Date('2026-11-23T12:00:00Z');
    const facts = readCertificate(leafCertificate(plainSpec, keys, issuer, now));
    expect(facts.notBefore).toEqual(new Date('2026-11-23T11:55:00Z'));
    expect(facts.notAfter).toEqual(new Date('2027-03-03T12:00:00Z'));
    expect(readCertificate(caCertificate(caSpec('etcd'), keys, now)).notBefore).toEqual(
      new Date('2026-11-23T11:00:00Z'),
    );
  });

  it('never outlives the authority', () => {
    const { notAfter } = readCertificate(issuer.certificate);
    expect(readCertificate(make({ days: 36_500 })).notAfter).toEqual(notAfter);
  });

  it.each([
    { end: '2049-12-31T23:59:59Z', type: 'UTCTIME', text: '491231235959Z' },
    { end: '2050-01-01T00:00:00Z', type: 'GENERALIZEDTIME', text: '20500101000000Z' },
  ])('ends on $end as $type', ({ end, type, text }) => {
    const pem = caCertificate(
      { ...caSpec('etcd'), days: 10_000 },
      keys,
      new Date(Date.parse(end) - 10_000 * DAY),
    );
    expect(openssl(['asn1parse'], pem)).toMatch(new RegExp(`${type}\\s+:${text}`));
    expect(readCertificate(pem).notAfter).toEqual(new Date(end));
  });
});

it('writes PEM with plain line ends, exactly as OpenSSL would', () => {
  const pem = make();
  expect(pem).not.toContain('\r');
  expect(pem).toBe(openssl(['x509'], pem));
});

const CA_OF_SOMEBODY_ELSE = `
[req]
prompt = no
distinguished_name = dn
x509_extensions = ca
string_mask = utf8only
[dn]
O = Bücher & Söhne
OU = 0.1
CN = 管理 CA
[ca]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
`;
