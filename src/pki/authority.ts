import { createPrivateKey, createPublicKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { BootstrapError } from '../kernel/errors.ts';
import { Secret } from '../kernel/secret.ts';
import { readCertificate } from './read-certificate.ts';
import type { CertificateFacts } from './read-certificate.ts';

/** A certificate and its key as they lie in the state folder. */
export interface Authority {
  readonly certificate: string;
  /** Those above it, up to the root; empty when it is one itself. */
  readonly parents: readonly string[];
  /** RSA or elliptic; `undefined` while it is locked. */
  readonly key: KeyObject | undefined;
  readonly keyPem: Secret | undefined;
}

/** A certificate and its private key (PKCS#1), both PEM. */
export interface Issued {
  readonly certificate: string;
  readonly key: Secret;
}

export interface KeyFiles {
  /** `undefined` while it is locked. */
  readonly privateKey: Secret | undefined;
  readonly publicKey: string;
}

/** The same for a certificate. */
export interface KeptPair {
  readonly certificate: string;
  readonly key: Secret | undefined;
}

/** A file of a pair: where it is expected, and its content when it is there. */
export interface PairFile {
  readonly path: string;
  readonly text: string | undefined;
  /** It is there, and cannot be read without its passphrase: what it holds is believed until then. */
  readonly locked?: boolean;
}

/**
 * Puts together what was read of an authority; `undefined` when there is nothing of it.
 * @throws E_PKI_INCOMPLETE, E_PKI_INVALID, E_PKI_ALGORITHM, E_PKI_MISMATCH naming the file
 */
export function authorityFrom(
  certificate: PairFile,
  keyFile: PairFile,
  parents: readonly string[],
): Authority | undefined {
  const pair = bothOrNone(certificate, keyFile);
  if (pair === undefined) return undefined;
  const [certificatePem, keyPem] = pair;
  const facts = parsed(certificate.path, () => readCertificate(certificatePem));
  if (!facts.x509.ca) throw invalid(certificate.path, 'is not the certificate of an authority');
  const key = keyFile.locked ? undefined : keyOf(keyFile.path, keyPem, ['rsa', 'ec']);
  if (key && !belongs(facts, key)) throw mismatch(certificate.path, keyFile.path);
  return {
    certificate: facts.x509.toString(),
    parents,
    key,
    keyPem: key && new Secret(keyPem),
  };
}

/** The same for the pair that signs service account tokens, which has no certificate. */
export function keyFilesFrom(publicFile: PairFile, keyFile: PairFile): KeyFiles | undefined {
  const pair = bothOrNone(publicFile, keyFile);
  if (pair === undefined) return undefined;
  const [publicKey, keyPem] = pair;
  const expected = parsed(publicFile.path, () => createPublicKey(publicKey));
  if (keyFile.locked) return { privateKey: undefined, publicKey };
  const key = keyOf(keyFile.path, keyPem, ['rsa']);
  if (!createPublicKey(key).equals(expected)) throw mismatch(publicFile.path, keyFile.path);
  return { privateKey: new Secret(keyPem), publicKey };
}

/** 32 random bytes kept as base64; `undefined` also while they are locked. */
export function randomKeyFrom({ path, text, locked }: PairFile): Secret | undefined {
  if (text === undefined || locked) return undefined;
  const key = text.trim();
  if (Buffer.from(key, 'base64').length !== 32) throw invalid(path, 'does not hold 32 bytes in base64');
  return new Secret(key);
}

/** Whether a certificate, as PEM, belongs to a private key, as PEM; false for anything unreadable. */
export function pairFits(certificate: string, key: string): boolean {
  try {
    return belongs(readCertificate(certificate), createPrivateKey(key));
  } catch {
    return false;
  }
}

const belongs = (facts: CertificateFacts, key: KeyObject): boolean => facts.x509.checkPrivateKey(key);

function bothOrNone(open: PairFile, key: PairFile): [string, string] | undefined {
  if (open.text !== undefined && key.text !== undefined) return [open.text, key.text];
  if (open.text === undefined && key.text === undefined) return undefined;
  const [missing, found] = open.text === undefined ? [open, key] : [key, open];
  throw new BootstrapError('E_PKI_INCOMPLETE', `${missing.path} is missing, but ${found.path} is there`, {
    hint: 'Restore it from a backup or from a master. Delete the other one only if no cluster was made with it.',
  });
}

function keyOf(path: string, pem: string, types: readonly string[]): KeyObject {
  const key = parsed(path, () => createPrivateKey(pem));
  const type = key.asymmetricKeyType ?? 'unknown';
  if (types.includes(type)) return key;
  throw new BootstrapError('E_PKI_ALGORITHM', `${path} is a key of type ${type}`, {
    hint: 'Authorities have RSA or elliptic (EC) keys, service accounts RSA, without a passphrase.',
  });
}

function parsed<T>(path: string, parse: () => T): T {
  try {
    return parse();
  } catch (cause) {
    throw invalid(path, 'cannot be read as PEM', cause);
  }
}

const invalid = (path: string, problem: string, cause?: unknown): BootstrapError =>
  new BootstrapError('E_PKI_INVALID', `${path} ${problem}`, {
    hint: 'Restore it from a backup or from a master.',
    cause,
  });

const mismatch = (open: string, key: string): BootstrapError =>
  new BootstrapError('E_PKI_MISMATCH', `${open} does not belong to ${key}`, {
    hint: 'Restore both from the same backup.',
  });
