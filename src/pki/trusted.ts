import type { PairFile } from './authority.ts';
import { BootstrapError } from '../kernel/errors.ts';
import { readCertificate } from './read-certificate.ts';
import type { CertificateFacts } from './read-certificate.ts';

/** The certificates of a PEM text one by one, each ending in a line break; what is between them is left out. */
export const certificatesOf = (pem: string): string[] =>
  [...pem.matchAll(/^-----BEGIN CERTIFICATE-----\r?\n[^-]*^-----END CERTIFICATE-----$/gm)].map(
    ([text]) => `${text.replaceAll('\r', '')}\n`,
  );

/** The public keys of a PEM text one by one, without the line break at the end. */
export const publicKeysOf = (pem: string): string[] =>
  pem.match(/^-----BEGIN[^-]*-----[^-]*-----END[^-]*-----$/gm) ?? [];

/**
 * The file of authorities that are trusted beside the issuing one; nothing when there is none.
 * @throws E_PKI_INVALID naming the file
 */
export function trustedFrom({ path, text }: PairFile): readonly string[] {
  if (text === undefined) return [];
  const found = certificatesOf(text);
  for (const pem of found) {
    const problem = whyNoAuthority(pem);
    if (problem === undefined) continue;
    throw new BootstrapError('E_PKI_INVALID', `${path} holds a certificate that ${problem}`, {
      hint: 'Take it out, or bring the file back from a backup.',
    });
  }
  return found;
}

/** Why a certificate cannot be one that others are verified with; `undefined` when it can. Its dates don't matter. */
export function whyNoAuthority(pem: string): string | undefined {
  let facts: CertificateFacts;
  try {
    facts = readCertificate(pem);
  } catch {
    return 'cannot be read';
  }
  return facts.x509.ca ? undefined : `is not that of an authority (${facts.commonName})`;
}

/** The issuing authority first, then the others, none of them twice. */
export const bundle = (issuing: string, others: readonly string[]): string =>
  [...new Set([issuing, ...others])].join('');
