import { randomBytes, sign, X509Certificate } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import forge from 'node-forge';
import { BootstrapError } from '../kernel/errors.ts';
import { judgeCertificate } from './judge-certificate.ts';
import type { KeyPair } from './keys.ts';
import { keyIdOf, readAuthority } from './read-certificate.ts';
import type { CaSpec, CertificateSpec, Usage } from './spec.ts';

/** Who signs: the certificate of an authority and its private key, RSA or elliptic. */
export interface Issuer {
  readonly certificate: string;
  readonly key: KeyObject;
}

/**
 * Makes a certificate for a component or a user (RFC 5280). It never outlives its authority.
 * forge lays the certificate out; OpenSSL signs it, and reads it back before anybody gets it.
 * @returns PEM with LF line ends
 * @throws E_CERT_CHECK when OpenSSL does not accept the result
 */
export function leafCertificate(spec: CertificateSpec, keys: KeyPair, issuer: Issuer, now: Date): string {
  const ca = readAuthority(issuer.certificate);
  const notAfter = new Date(Math.min(addDays(now, spec.days).getTime(), ca.notAfter.getTime()));
  const certificate = draft(keys.publicKey, addMinutes(now, -spec.backdateMinutes), notAfter);
  certificate.setSubject([
    ...spec.organizations.map((o) => attribute('organizationName', o)),
    commonName(spec),
  ]);
  const sans = altNames(spec);
  certificate.setExtensions([
    { name: 'basicConstraints', cA: false, critical: true },
    leafKeyUsage(spec.usages),
    ...extendedKeyUsage(spec.usages),
    { name: 'subjectKeyIdentifier' },
    // forge's own idea of "true" here is the key id of the certificate itself.
    { name: 'authorityKeyIdentifier', keyIdentifier: Buffer.from(keyIdOf(ca), 'hex').toString('latin1') },
    ...(sans.length > 0 ? [{ name: 'subjectAltName', altNames: sans }] : []),
  ]);
  const made = signed(certificate, subjectOf(ca.x509), issuer.key);
  verified(made, ca.x509, keys.privateKey);
  const pem = made.toString();
  // What the judge would refuse would be issued again by every run.
  const context = { caSki: keyIdOf(ca), caPem: issuer.certificate, now, renewBeforeDays: 0 };
  const judgement = judgeCertificate(pem, spec, context);
  return judgement.fit ? pem : fail(judgement.reason);
}

/** Makes the self-signed certificate of an authority. Otherwise like {@link leafCertificate}. */
export function caCertificate(spec: CaSpec, keys: KeyPair, now: Date): string {
  const certificate = draft(keys.publicKey, addMinutes(now, -spec.backdateMinutes), addDays(now, spec.days));
  certificate.setSubject([commonName(spec)]);
  const keyId = certificate.generateSubjectKeyIdentifier().getBytes();
  certificate.setExtensions([
    { name: 'basicConstraints', cA: true, pathLenConstraint: 0, critical: true },
    { name: 'keyUsage', keyCertSign: true, cRLSign: true, digitalSignature: true, critical: true },
    ...extendedKeyUsage(spec.usages),
    { name: 'subjectKeyIdentifier' },
    { name: 'authorityKeyIdentifier', keyIdentifier: keyId },
  ]);
  const subject = forge.pki.distinguishedNameToAsn1(certificate.subject);
  const made = signed(certificate, subject, keys.privateKey);
  verified(made, made, keys.privateKey);
  return made.toString();
}

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const addMinutes = (date: Date, minutes: number): Date => new Date(date.getTime() + minutes * MINUTE);
const addDays = (date: Date, days: number): Date => new Date(date.getTime() + days * DAY);

function draft(publicKey: KeyObject, notBefore: Date, notAfter: Date): forge.pki.Certificate {
  const certificate = forge.pki.createCertificate();
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  certificate.publicKey = forge.pki.publicKeyFromAsn1(forge.asn1.fromDer(spki.toString('latin1')));
  certificate.serialNumber = serialNumber();
  certificate.validity = { notBefore, notAfter };
  const { sha256WithRSAEncryption } = forge.pki.oids;
  certificate.signatureOid = sha256WithRSAEncryption ?? '';
  certificate.siginfo.algorithmOid = sha256WithRSAEncryption ?? '';
  return certificate;
}

/** 128 random bits; the first byte is neither negative nor zero, which DER would read otherwise. */
function serialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString('hex');
}

const commonName = (spec: { readonly commonName: string }): forge.pki.CertificateField =>
  attribute('commonName', spec.commonName);

/** PrintableString only for its own alphabet: forge would use it for everything, and Go refuses to parse that. */
export function attribute(name: string, value: string): forge.pki.CertificateField {
  const printable = /^[A-Za-z0-9 '()+,\-./:=?]*$/.test(value);
  const valueTagClass = printable ? forge.asn1.Type.PRINTABLESTRING : forge.asn1.Type.UTF8;
  return { name, value, valueTagClass: valueTagClass as unknown as forge.asn1.Class };
}

/** TLS clients only sign; servers are also sent keys by the RSA key exchange of TLS 1.2. */
const leafKeyUsage = (usages: readonly Usage[]): object => ({
  name: 'keyUsage',
  critical: true,
  digitalSignature: true,
  ...(usages.includes('server') ? { keyEncipherment: true } : {}),
});

const extendedKeyUsage = (usages: readonly Usage[]): object[] =>
  usages.length === 0
    ? []
    : [{ name: 'extKeyUsage', serverAuth: usages.includes('server'), clientAuth: usages.includes('client') }];

const altNames = ({ dnsNames, ips }: CertificateSpec): object[] => [
  ...dnsNames.map((value) => ({ type: 2, value })),
  ...ips.map((ip) => ({ type: 7, ip })),
];

/** The subject exactly as it is encoded: verifiers compare bytes, and forge would encode UTF-8 a second time. */
function subjectOf(certificate: X509Certificate): forge.asn1.Asn1 {
  const parsed = forge.asn1.fromDer(certificate.raw.toString('latin1'));
  return parts(parts(parsed)[0])[5] ?? fail('the certificate of the authority has no subject');
}

function signed(
  certificate: forge.pki.Certificate,
  issuer: forge.asn1.Asn1,
  key: KeyObject,
): X509Certificate {
  certificate.signature = '';
  const whole = forge.pki.certificateToAsn1(certificate);
  const [body, algorithm, signature] = parts(whole);
  if (body === undefined || signature === undefined) return fail('forge made no certificate');
  parts(body)[3] = issuer;
  for (const named of key.asymmetricKeyType === 'ec' ? [parts(body)[2], algorithm] : []) {
    if (named) named.value = [ecdsaWithSha256()];
  }
  const data = Buffer.from(forge.asn1.toDer(body).getBytes(), 'latin1');
  signature.value = `\0${sign('sha256', data, key).toString('latin1')}`;
  return new X509Certificate(Buffer.from(forge.asn1.toDer(whole).getBytes(), 'latin1'));
}

/** An object identifier alone (RFC 5758, 3.2); forge knows RSA only. */
const ecdsaWithSha256 = (): forge.asn1.Asn1 => {
  const { Class, Type, create, oidToDer } = forge.asn1;
  return create(Class.UNIVERSAL, Type.OID, false, oidToDer('1.2.840.10045.4.3.2').getBytes());
};

const parts = (node: forge.asn1.Asn1 | undefined): forge.asn1.Asn1[] =>
  Array.isArray(node?.value) ? node.value : fail('unexpected shape of a certificate');

function verified(made: X509Certificate, ca: X509Certificate, key: KeyObject): void {
  if (!made.verify(ca.publicKey)) fail('its signature does not verify');
  if (!made.checkIssued(ca)) fail('it does not name its authority');
  if (!made.checkPrivateKey(key)) fail('it does not belong to its key');
}

function fail(problem: string): never {
  throw new BootstrapError('E_CERT_CHECK', `a new certificate is not right: ${problem}`, {
    hint: 'Check that the certificate and the key of the authority in the state folder belong together.',
  });
}
