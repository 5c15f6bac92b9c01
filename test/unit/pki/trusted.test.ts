import { expect, it } from 'vitest';
import { caCertificate, leafCertificate } from '../../../src/pki/issue-certificate.ts';
import { newKeyPair } from '../../../src/pki/keys.ts';
import { caSpec } from '../../../src/pki/profiles.ts';
import { bundle, certificatesOf, trustedFrom, whyNoAuthority } from '../../../src/pki/trusted.ts';
import { newIssuer, plainSpec } from './support.ts';

it('takes a text of certificates apart, whatever stands between them', async () => {
  const [one, two] = await Promise.all([newIssuer(), newIssuer()]);
  const text = `# old\n${one.certificate.replaceAll('\n', '\r\n')}subject=CN = etcd-ca\n${two.certificate}\n`;
  expect(certificatesOf(text)).toEqual([one.certificate, two.certificate]);
  expect(certificatesOf('nothing')).toEqual([]);
  expect(trustedFrom({ path: 'x', text })).toEqual([one.certificate, two.certificate]);
  expect(trustedFrom({ path: 'x', text: undefined })).toEqual([]);
});

it('puts the issuing one first, and none twice', () => {
  expect(bundle('a', ['b', 'a', 'c', 'b'])).toBe('abc');
});

it('takes authorities only', async () => {
  const issuer = await newIssuer();
  const leaf = leafCertificate(plainSpec, await newKeyPair(2048), issuer, new Date());
  const broken = issuer.certificate.replace(/\n[A-Za-z0-9+/]{20}/, '\nAAAAAAAAAAAAAAAAAAAA');
  expect(whyNoAuthority(issuer.certificate)).toBeUndefined();
  expect(whyNoAuthority(leaf)).toBe('is not that of an authority (m1)');
  expect(whyNoAuthority(broken)).toBe('cannot be read');
  const expired = caCertificate(caSpec('users'), await newKeyPair(2048), new Date('2001-01-01'));
  expect(whyNoAuthority(expired)).toBeUndefined();
  expect(() => trustedFrom({ path: 'pki/ca.trusted.crt', text: leaf })).toThrow(
    'pki/ca.trusted.crt holds a certificate that is not that of an authority (m1)',
  );
});
