import { createHash, X509Certificate } from 'node:crypto';
import { elements, oid, unwrap } from './der.ts';
import type { Element } from './der.ts';
import type { Usage } from './spec.ts';

/** What a certificate says, as far as this program cares. */
export interface CertificateFacts {
  readonly x509: X509Certificate;
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly dnsNames: readonly string[];
  readonly ips: readonly string[];
  /** `server`, `client`, and other extended usages by their OID. */
  readonly usages: readonly (Usage | (string & {}))[];
  /** Hex, lower case; `undefined` when the extension is absent. */
  readonly subjectKeyId: string | undefined;
  readonly authorityKeyId: string | undefined;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

const COMMON_NAME = '2.5.4.3';
const ORGANIZATION = '2.5.4.10';
const SUBJECT_KEY_ID = '2.5.29.14';
const SUBJECT_ALT_NAME = '2.5.29.17';
const AUTHORITY_KEY_ID = '2.5.29.35';
const EXTENDED_KEY_USAGE = '2.5.29.37';

const USAGES: Readonly<Record<string, Usage>> = {
  '1.3.6.1.5.5.7.3.1': 'server',
  '1.3.6.1.5.5.7.3.2': 'client',
};

/**
 * Reads the first certificate of a PEM text (RFC 5280). OpenSSL parses it first; what node:crypto does not show is
 * then read from the DER, so that no heavy library is needed to look at a certificate.
 * @throws whatever node:crypto throws when there is no certificate in the text
 */
export function readCertificate(pem: string): CertificateFacts {
  const x509 = new X509Certificate(pem);
  const body = elements(unwrap(unwrap(x509.raw))).filter(({ tag }) => tag !== VERSION);
  const subject = nameAttributes(body[SUBJECT_INDEX]);
  const extensions = extensionValues(body.find(({ tag }) => tag === EXTENSIONS));
  const names = generalNames(extensions.get(SUBJECT_ALT_NAME));
  return {
    x509,
    commonName: subject.filter(({ type }) => type === COMMON_NAME).at(-1)?.value ?? '',
    organizations: subject.filter(({ type }) => type === ORGANIZATION).map(({ value }) => value),
    dnsNames: names.filter(({ tag }) => tag === DNS_NAME).map(({ content }) => content.toString('latin1')),
    ips: names.filter(({ tag }) => tag === IP_ADDRESS).map(({ content }) => addressText(content)),
    usages: extendedUsages(extensions.get(EXTENDED_KEY_USAGE)),
    subjectKeyId: hex(extensions.get(SUBJECT_KEY_ID)),
    authorityKeyId: authorityKeyId(extensions.get(AUTHORITY_KEY_ID)),
    notBefore: new Date(x509.validFrom),
    notAfter: new Date(x509.validTo),
  };
}

/** The same for an authority's certificate: a few of them are asked for again with every certificate they issued. */
export function readAuthority(pem: string): CertificateFacts {
  const facts = authorities.get(pem) ?? readCertificate(pem);
  authorities.set(pem, facts);
  return facts;
}

/** Whether two authorities, PEM, have the same key: what one has issued, the other vouches for. */
export const isSameAuthority = (one: string, other: string): boolean =>
  readAuthority(one).x509.publicKey.equals(readAuthority(other).x509.publicKey);

/** The values of all extensions, by OID. */
export const extensionsOf = (x509: X509Certificate): Map<string, Buffer> =>
  extensionValues(elements(unwrap(unwrap(x509.raw))).find(({ tag }) => tag === EXTENSIONS));

/** The id that certificates issued by this authority carry: its own extension, or the usual hash when it has none. */
export function keyIdOf(ca: CertificateFacts): string {
  if (ca.subjectKeyId !== undefined) return ca.subjectKeyId;
  return createHash('sha1').update(subjectPublicKey(ca.x509)).digest('hex');
}

/** Content of the bit string in SubjectPublicKeyInfo: what RFC 5280, 4.2.1.2 hashes, for keys of any kind. */
const subjectPublicKey = ({ publicKey }: X509Certificate): Buffer =>
  elements(unwrap(publicKey.export({ type: 'spki', format: 'der' })))[1]?.content.subarray(1) ??
  Buffer.alloc(0);

const authorities = new Map<string, CertificateFacts>();

// TBSCertificate without its version: serialNumber, signature, issuer, validity, subject, subjectPublicKeyInfo, …
const SUBJECT_INDEX = 4;
const VERSION = 0xa0;
const EXTENSIONS = 0xa3;
const OCTET_STRING = 0x04;
const BMP_STRING = 0x1e;
// GeneralName and AuthorityKeyIdentifier choices
const DNS_NAME = 0x82;
const IP_ADDRESS = 0x87;
const KEY_IDENTIFIER = 0x80;

function nameAttributes(name: Element | undefined): { type: string; value: string }[] {
  if (name === undefined) return [];
  const attributes = elements(name.content).flatMap((set) => elements(set.content));
  return attributes.map((attribute) => {
    const [type, value] = elements(attribute.content);
    return { type: type ? oid(type.content) : '', value: value ? text(value) : '' };
  });
}

const text = ({ tag, content }: Element): string =>
  tag === BMP_STRING ? Buffer.from(content).swap16().toString('utf16le') : content.toString('utf8');

/** By OID. A repeated extension counts as its last, as it does for Go before 1.15. */
function extensionValues(wrapper: Element | undefined): Map<string, Buffer> {
  const values = new Map<string, Buffer>();
  for (const extension of wrapper ? elements(unwrap(wrapper.content)) : []) {
    const parts = elements(extension.content);
    const [type] = parts;
    const value = parts.find(({ tag }) => tag === OCTET_STRING);
    if (type && value) values.set(oid(type.content), value.content);
  }
  return values;
}

const generalNames = (value: Buffer | undefined): Element[] => (value ? elements(unwrap(value)) : []);

const extendedUsages = (value: Buffer | undefined): string[] =>
  value ? elements(unwrap(value)).map(({ content }) => USAGES[oid(content)] ?? oid(content)) : [];

const hex = (value: Buffer | undefined): string | undefined => value && unwrap(value).toString('hex');

const authorityKeyId = (value: Buffer | undefined): string | undefined =>
  value &&
  elements(unwrap(value))
    .find(({ tag }) => tag === KEY_IDENTIFIER)
    ?.content.toString('hex');

function addressText(content: Buffer): string {
  if (content.length === 4) return content.join('.');
  if (content.length !== 16) return `0x${content.toString('hex')}`;
  const groups = content.toString('hex').match(/.{4}/g) ?? [];
  return new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1);
}
