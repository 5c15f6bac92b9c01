import { createPrivateKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { BootstrapError, ExitCode } from '../kernel/errors.ts';
import type { Secret } from '../kernel/secret.ts';
import { refuseOpenAccess } from '../state/folder.ts';
import { privatePem } from './keys.ts';
import { type CertificateFacts, readCertificate } from './read-certificate.ts';
import { certificatesOf, whyNoAuthority } from './trusted.ts';

/** Files with which somebody else's server is spoken to. */
export interface ClientFiles {
  /** PEM: the authorities that its certificate may come from. */
  readonly ca: string;
  /** PEM: our certificate there, then those above it. */
  readonly cert: string;
  /** PEM, without a passphrase. */
  readonly key: string;
}

/** The same, read and found to belong together. */
export interface GivenClient {
  readonly ca: string;
  readonly certificate: string;
  readonly key: Secret;
}

/**
 * Reads a client's certificate and key, and whom it verifies servers with.
 * @throws E_ETCD_CLIENT for what they are, E_STATE_PERMISSIONS for a key that others can read; exit code 2
 */
export async function readGivenClient(files: ClientFiles, now: Date): Promise<GivenClient> {
  const authorities = await certificatesIn(files.ca);
  const problem = authorities.map(whyNoAuthority).find((one) => one !== undefined);
  if (problem !== undefined) {
    throw refused(
      `${files.ca} holds a certificate that ${problem}`,
      'It has to hold the authority that the certificates of the etcd servers come from.',
    );
  }
  const chain = await certificatesIn(files.cert);
  const facts = factsIn(files.cert, chain[0] ?? '');
  refuseUnfit(files.cert, facts, now);
  const key = await keyIn(files.key);
  if (!facts.x509.checkPrivateKey(key)) {
    throw refused(
      `${files.key} is not the key of ${facts.commonName} in ${files.cert}`,
      'Put the certificate of the key first, then those above it.',
    );
  }
  return { ca: authorities.join(''), certificate: chain.join(''), key: privatePem(key) };
}

function refuseUnfit(path: string, { notBefore, notAfter, usages }: CertificateFacts, now: Date): void {
  if (notBefore > now) {
    throw refused(
      `${path} is not valid before ${notBefore.toISOString()}, and it is ${now.toISOString()} here`,
      'Is the clock of this machine behind? Set it, or wait.',
    );
  }
  if (notAfter <= now) {
    throw refused(
      `${path} expired on ${notAfter.toISOString().slice(0, 10)}`,
      'Have another one issued by whoever runs that etcd.',
    );
  }
  if (usages.length > 0 && !usages.includes('client') && !usages.includes(ANY_USAGE)) {
    throw refused(
      `${path} is not a certificate of a client (extended key usage)`,
      'Have one issued for clients by whoever runs that etcd.',
    );
  }
}

const ANY_USAGE = '2.5.29.37.0';

async function certificatesIn(path: string): Promise<string[]> {
  const found = certificatesOf(await textOf(path));
  if (found.length > 0) return found;
  throw refused(
    `${path} holds no certificate in PEM`,
    'If it is DER: openssl x509 -inform DER -in FILE -out FILE.pem.',
  );
}

function factsIn(path: string, pem: string): CertificateFacts {
  try {
    return readCertificate(pem);
  } catch (cause) {
    throw refused(`${path}: the certificate cannot be read`, 'Export it again.', cause);
  }
}

async function keyIn(path: string): Promise<KeyObject> {
  await refuseOpenAccess(path);
  const pem = await textOf(path);
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    throw refused(
      `${path} holds no private key in PEM that is open`,
      'The API servers read it by themselves: a passphrase has to be taken away (openssl pkey -in FILE -out FILE.open).',
      cause,
    );
  }
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'latin1');
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    throw refused(
      `cannot read ${path}: ${missing ? 'no such file' : (cause as Error).message}`,
      'Paths in the inventory start at its own folder.',
      cause,
    );
  }
}

const refused = (message: string, hint: string, cause?: unknown): BootstrapError =>
  new BootstrapError('E_ETCD_CLIENT', message, { hint, cause, exitCode: ExitCode.usage });
