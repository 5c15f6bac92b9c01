import type { X509Certificate } from 'node:crypto';
import { elements, oid, unwrap } from './der.ts';
import { extensionsOf, readCertificate } from './read-certificate.ts';
import type { CertificateFacts } from './read-certificate.ts';

/** What a certificate says about being an authority's (RFC 5280, 4.2.1). */
export interface AuthorityFacts extends CertificateFacts {
  /** CA:TRUE; `x509.ca` asks for more than that. */
  readonly isAuthority: boolean;
  /** `undefined` without the extension: then nothing is said about it. */
  readonly keyUsage: { readonly certSign: boolean } | undefined;
  /** How many authorities may stand below it. */
  readonly pathLength: number | undefined;
  readonly limitsNames: boolean;
  readonly selfSigned: boolean;
  /** OID of the algorithm it is signed with. */
  readonly signature: string;
}

/** @throws whatever node:crypto throws when there is no certificate in the text */
export function authorityFacts(pem: string): AuthorityFacts {
  const facts = readCertificate(pem);
  const extensions = extensionsOf(facts.x509);
  const keyUsage = extensions.get(KEY_USAGE);
  return {
    ...facts,
    isAuthority: basicConstraint(extensions, BOOLEAN)?.some((byte) => byte !== 0) ?? false,
    keyUsage: keyUsage && { certSign: ((unwrap(keyUsage).at(1) ?? 0) & CERT_SIGN) !== 0 },
    pathLength: numberIn(basicConstraint(extensions, INTEGER)),
    limitsNames: extensions.has(NAME_CONSTRAINTS),
    selfSigned: isSelfSigned(facts.x509),
    signature: signatureOf(facts.x509),
  };
}

export const isSelfSigned = (x509: X509Certificate): boolean =>
  x509.checkIssued(x509) && x509.verify(x509.publicKey);

const KEY_USAGE = '2.5.29.15';
const BASIC_CONSTRAINTS = '2.5.29.19';
const NAME_CONSTRAINTS = '2.5.29.30';
const BOOLEAN = 0x01;
const INTEGER = 0x02;
/** Bit 5 of the bit string's first byte, counted from the left. */
const CERT_SIGN = 0x04;

function basicConstraint(extensions: ReadonlyMap<string, Buffer>, type: number): Buffer | undefined {
  const value = extensions.get(BASIC_CONSTRAINTS);
  return value && elements(unwrap(value)).find(({ tag }) => tag === type)?.content;
}

const numberIn = (content: Buffer | undefined): number | undefined => content?.readUIntBE(0, content.length);

function signatureOf({ raw }: X509Certificate): string {
  const algorithm = elements(unwrap(raw))[1];
  return algorithm ? oid(unwrap(algorithm.content)) : '';
}
