import forge from 'node-forge';
import { keyIdOf, readCertificate } from '../../src/pki/read-certificate.ts';

/** A certificate as it was made: by whom, with which key, and when. All PEM. */
export interface Made {
  readonly certificate: string;
  readonly ca: string;
  readonly key: string;
  readonly at: Date;
}

/**
 * What a certificate says, field by field, in words that are the same for two certificates of the same kind: neither the
 * key nor the hour shows.
 */
export function fieldsOf({ certificate, ca, key, at }: Made): Record<string, string> {
  const read = forge.pki.certificateFromPem(certificate);
  const facts = readCertificate(certificate);
  const publicKey = read.publicKey as forge.pki.rsa.PublicKey;
  return {
    version: `v${read.version + 1}`,
    subject: nameText(read.subject.attributes),
    'strings of the subject': stringTypes(read.subject.attributes),
    issuer: nameText(read.issuer.attributes),
    'serial number': serialText(read.serialNumber),
    'starts before it is made': `${Math.round((at.getTime() - facts.notBefore.getTime()) / 60_000)} minutes`,
    'is valid': `${Math.round((facts.notAfter.getTime() - at.getTime()) / 86_400_000)} days`,
    'public key': `RSA ${publicKey.n.bitLength()}, exponent ${publicKey.e.toString()}`,
    'private key file': /-----BEGIN (.*)-----/.exec(key)?.[1] ?? 'no PEM',
    signature: forge.pki.oids[read.signatureOid] ?? read.signatureOid,
    'basic constraints': constraints(extension(read, 'basicConstraints')),
    'key usage': usageText(extension(read, 'keyUsage')),
    'extended key usage': usageText(extension(read, 'extKeyUsage')),
    names: listText(facts.dnsNames),
    addresses: listText(facts.ips),
    'subject key id': facts.subjectKeyId === undefined ? 'none' : 'there',
    'authority key id': authorityKeyId(facts.authorityKeyId, keyIdOf(readCertificate(ca))),
    'other extensions': listText(
      read.extensions
        .map((one) => (one as Extension).name ?? (one as { id: string }).id)
        .filter((name) => !TOLD.includes(name)),
    ),
  };
}

interface Extension extends Readonly<Record<string, unknown>> {
  readonly name?: string;
  readonly critical: boolean;
}

const TOLD = [
  'basicConstraints',
  'keyUsage',
  'extKeyUsage',
  'subjectAltName',
  'subjectKeyIdentifier',
  'authorityKeyIdentifier',
];

const extension = (certificate: forge.pki.Certificate, name: string): Extension | undefined =>
  (certificate.getExtension(name) as Extension | null) ?? undefined;

const listText = (values: readonly string[]): string => values.toSorted().join(', ') || 'none';

const nameText = (attributes: readonly forge.pki.CertificateField[]): string =>
  attributes.map(({ shortName, value }) => `${shortName ?? '?'}=${String(value)}`).join(', ');

function stringTypes(attributes: readonly forge.pki.CertificateField[]): string {
  const names: Record<number, string> = {
    [forge.asn1.Type.PRINTABLESTRING]: 'PrintableString',
    [forge.asn1.Type.UTF8]: 'UTF8String',
  };
  const types = attributes.map(({ valueTagClass }) => names[valueTagClass as number] ?? 'another');
  return listText([...new Set(types)]);
}

/** Random numbers differ in length: what counts is how many bits they may have. */
function serialText(hex: string): string {
  const bits = BigInt(`0x${hex}`).toString(2).length;
  if (/^0+$/.test(hex)) return '0';
  return bits <= 64 ? 'up to 63 random bits' : `${bits} bits, 126 of them random`;
}

function constraints(extended: Extension | undefined): string {
  if (extended === undefined) return 'none';
  const path = extended['pathLenConstraint'];
  const limit = typeof path === 'number' ? `, path length ${path}` : '';
  return `CA:${extended['cA'] === true ? 'TRUE' : 'FALSE'}${limit}${criticalText(extended)}`;
}

function usageText(extended: Extension | undefined): string {
  if (extended === undefined) return 'none';
  const usages = Object.keys(extended).filter((key) => key !== 'critical' && extended[key] === true);
  return listText(usages) + criticalText(extended);
}

const criticalText = ({ critical }: Extension): string => (critical ? ', critical' : '');

function authorityKeyId(actual: string | undefined, wanted: string): string {
  if (actual === undefined) return 'none';
  return actual === wanted ? 'that of its CA' : 'another';
}
