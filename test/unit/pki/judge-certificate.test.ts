import { execFileSync } from 'node:child_process';
import { createHash, randomInt } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { leafCertificate } from '../../../src/pki/issue-certificate.ts';
import type { Issuer } from '../../../src/pki/issue-certificate.ts';
import { judgeCertificate } from '../../../src/pki/judge-certificate.ts';
import type { JudgeContext, Judgement } from '../../../src/pki/judge-certificate.ts';
import { newKeyPair, publicKeyDigest } from '../../../src/pki/keys.ts';
import type { KeyPair } from '../../../src/pki/keys.ts';
import { keyIdOf, readCertificate } from '../../../src/pki/read-certificate.ts';
import type { CertificateSpec } from '../../../src/pki/spec.ts';
import { newIssuer, plainSpec } from './support.ts';

const NOW = new Date('2026-11-23T12:00:00Z');
const daysLater = (days: number): Date => new Date(NOW.getTime() + days * 24 * 3600 * 1000);

let issuer: Issuer & { keys: KeyPair };
let other: Issuer;
let keys: KeyPair;
let context: JudgeContext;
let pem: string;

/** 365 days, two groups. */
const spec: CertificateSpec = { ...plainSpec, days: 365, organizations: ['devs', 'ops'] };

beforeAll(async () => {
  [issuer, other, keys] = await Promise.all([
    newIssuer('etcd', NOW),
    newIssuer('etcd', NOW),
    newKeyPair(2048),
  ]);
  context = { caSki: keyIdOf(readCertificate(issuer.certificate)), now: NOW, renewBeforeDays: 30 };
  pem = leafCertificate(spec, keys, issuer, NOW);
});

describe('stays', () => {
  it('as it was issued, and says until when', () => {
    expect(judgeCertificate(pem, spec, context)).toEqual({ fit: true, expires: daysLater(365) });
  });

  it('whatever the order of groups, names and usages', () => {
    const reordered: CertificateSpec = {
      ...spec,
      organizations: spec.organizations.toReversed(),
      dnsNames: spec.dnsNames.toReversed(),
      ips: spec.ips.toReversed(),
      usages: spec.usages.toReversed(),
    };
    expect(judgeCertificate(pem, reordered, context).fit).toBe(true);
  });

  it('when the profile’s lifetime changes', () => {
    expect(judgeCertificate(pem, { ...spec, days: 1095, backdateMinutes: 0 }, context).fit).toBe(true);
  });

  it('with 30 days left', () => {
    expect(judgeCertificate(pem, spec, { ...context, now: daysLater(335) }).fit).toBe(true);
  });

  it('when its signature and key are looked at, too', () => {
    const closer = { ...context, caPem: issuer.certificate, keyDigest: publicKeyDigest(keys.privateKey) };
    expect(judgeCertificate(pem, spec, closer).fit).toBe(true);
  });

  it('when it ends with its authority, because a new one would end with it too', () => {
    const long = leafCertificate({ ...spec, days: 9999 }, keys, issuer, NOW);
    const late = { ...context, now: daysLater(3640) };
    expect(judgeCertificate(long, spec, { ...late, caPem: issuer.certificate }).fit).toBe(true);
    expect(judgeCertificate(long, spec, late)).toEqual({ fit: false, reason: 'expires in 10 days' });
  });

  it('when it was made for less than the margin', () => {
    const short = { ...spec, days: 20 };
    const made = leafCertificate(short, keys, issuer, NOW);
    expect(judgeCertificate(made, short, context).fit).toBe(true);
    expect(judgeCertificate(made, short, { ...context, now: daysLater(14) })).toEqual({
      fit: false,
      reason: 'expires in 6 days',
    });
  });
});

describe('goes', () => {
  it.each<[string, Partial<CertificateSpec>]>([
    ['CN is m1, not m2', { commonName: 'm2' }],
    ['O admins is missing', { organizations: ['devs', 'ops', 'admins'] }],
    ['O ops is not wanted any more', { organizations: ['devs'] }],
    ['SAN 10.0.0.7 is missing', { ips: ['10.0.0.11', '10.0.0.7', '127.0.0.1'] }],
    ['SAN 127.0.0.1 is not wanted any more', { ips: ['10.0.0.11'] }],
    ['SAN api.example.com is missing', { dnsNames: ['m1', 'localhost', 'api.example.com'] }],
    ['SAN localhost is not wanted any more', { dnsNames: ['m1'] }],
    ['usage client is not wanted any more', { usages: ['server'] }],
  ])('%s', (reason, change) => {
    expect(judgeCertificate(pem, { ...spec, ...change }, context)).toEqual({ fit: false, reason });
  });

  it('usage server is missing', () => {
    const client = leafCertificate({ ...spec, usages: ['client'] }, keys, issuer, NOW);
    expect(judgeCertificate(client, spec, context)).toEqual({
      fit: false,
      reason: 'usage server is missing',
    });
  });

  it.each([
    ['expires in 29 days', 335.5],
    ['expires in 12 days', 353],
    ['expires in 1 day', 363.5],
    ['expires within a day', 364.5],
    ['expired on 2027-11-23', 365],
    ['expired on 2027-11-23', 400],
    ['not valid before 2026-11-23T11:55:00.000Z', -1],
  ])('%s (day %d)', (reason, day) => {
    expect(judgeCertificate(pem, spec, { ...context, now: daysLater(day) })).toEqual({ fit: false, reason });
  });

  it('does not exist', () => {
    expect(judgeCertificate(undefined, spec, context)).toEqual({ fit: false, reason: 'does not exist' });
  });

  it.each(['', 'hello', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n'])(
    'is not a certificate: %j',
    (text) => {
      expect(judgeCertificate(text, spec, context)).toEqual({ fit: false, reason: 'is not a certificate' });
    },
  );

  it.each([['\n'], ['# note\n']])('when %j stands around it', (text) => {
    expect(judgeCertificate(text + pem, spec, context).fit).toBe(false);
    expect(judgeCertificate(pem + text, spec, context).fit).toBe(false);
  });

  it('when another CA issued it, one of the same name too, or none is known', () => {
    const foreign = leafCertificate(spec, keys, other, NOW);
    const reason = 'issued by another CA';
    expect(judgeCertificate(foreign, spec, context)).toEqual({ fit: false, reason });
    expect(judgeCertificate(pem, spec, { ...context, caSki: undefined })).toEqual({ fit: false, reason });
  });

  it('when it does not belong to the key beside it', async () => {
    const { publicKey } = await newKeyPair(2048);
    expect(judgeCertificate(pem, spec, { ...context, keyDigest: publicKeyDigest(publicKey) })).toEqual({
      fit: false,
      reason: 'does not belong to its key',
    });
  });

  it('when any one byte of it was changed', () => {
    const closer = { ...context, caPem: issuer.certificate };
    for (let round = 0; round < 200; round += 1) {
      const at = randomInt(pem.length);
      const byte = pem[at] === 'A' ? 'B' : 'A';
      const changed = pem.slice(0, at) + byte + pem.slice(at + 1);
      expect(judgeCertificate(changed, spec, closer).fit, `${byte} at ${at} of\n${pem}`).toBe(false);
    }
  });
});

it('digests a key as OpenSSL on a host would', () => {
  const key = keys.privateKey.export({ type: 'pkcs1', format: 'pem' });
  const der = execFileSync('openssl', ['pkey', '-pubout', '-outform', 'DER'], { input: key });
  expect(publicKeyDigest(keys.privateKey)).toBe(createHash('sha256').update(der).digest('hex'));
  expect(publicKeyDigest(keys.publicKey)).toBe(publicKeyDigest(keys.privateKey));
});

describe('renewal on demand', () => {
  const asked = (seconds: number): Judgement =>
    judgeCertificate(pem, spec, { ...context, renewalAsked: new Date(NOW.getTime() + seconds * 1000) });

  it('takes what was issued before it was asked for', () => {
    expect(asked(1)).toEqual({ fit: false, reason: 'renewal was asked for' });
  });

  it('leaves what was issued since, which is told in whole seconds', () => {
    expect(asked(0).fit).toBe(true);
    expect(asked(0.999).fit).toBe(true);
    expect(asked(-60).fit).toBe(true);
  });

  it('names a reason that stands without it first', () => {
    const wanted = { ...spec, commonName: 'm2' };
    const judgement = judgeCertificate(pem, wanted, { ...context, renewalAsked: daysLater(1) });
    expect(judgement).toEqual({ fit: false, reason: 'CN is m1, not m2' });
  });
});
