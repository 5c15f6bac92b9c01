import { createPrivateKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { BootstrapError, ExitCode } from '../kernel/errors.ts';
import type { Secret } from '../kernel/secret.ts';
import { type AuthorityFacts, authorityFacts } from './authority-facts.ts';
import { privatePem } from './keys.ts';
import { readIfThere } from '../state/state-files.ts';
import { type AskSecret, passphraseFor } from './passphrase.ts';
import { certificatesOf } from './trusted.ts';

/** An authority that exists already, as the inventory names it. */
export interface GivenAuthority {
  /** PEM: the issuing certificate first, then those above it up to the root. */
  readonly cert: string;
  /** PEM, PKCS#1, SEC1 or PKCS#8; may be encrypted. */
  readonly key: string;
  readonly passphrase: Secret | undefined;
}

/** The same, read and found fit to issue. */
export interface CheckedAuthority {
  readonly certificate: string;
  /** Those above it, up to the root; empty when it is the root. */
  readonly parents: readonly string[];
  /** Without a passphrase. */
  readonly key: Secret;
}

/**
 * Reads an authority and checks everything that would only show later, on the hosts.
 * @throws E_OWN_CA for its certificates, E_OWN_CA_KEY for its key, E_PASSPHRASE; exit code 2
 */
export async function readGivenAuthority(
  given: GivenAuthority,
  ask: AskSecret | undefined,
  now: Date,
): Promise<CheckedAuthority> {
  const [certificate = '', ...parents] = await certificatesIn(given.cert);
  const chain = [certificate, ...parents].map(authorityFacts);
  chain.forEach((facts, below) => {
    const problem = problemOf(facts, now) ?? placeProblem(chain, below);
    if (problem !== undefined)
      throw refused('E_OWN_CA', `${given.cert}: ${nameOf(facts)} ${problem[0]}`, problem[1]);
  });
  const key = await keyIn(given, ask);
  if (!chain[0]?.x509.checkPrivateKey(key)) {
    const named = chain[0] ? nameOf(chain[0]) : '';
    throw refused('E_OWN_CA_KEY', `${given.key} is not the key of ${named} in ${given.cert}`, ORDER);
  }
  return { certificate, parents, key: privatePem(key) };
}

/**
 * The certificate of an authority that the inventory names; `undefined` when its files are not here any more.
 * @throws E_OWN_CA
 */
export async function certificateIfThere({
  cert,
}: Pick<GivenAuthority, 'cert'>): Promise<string | undefined> {
  return (await readIfThere(cert)) === undefined ? undefined : (await certificatesIn(cert))[0];
}

/** The certificates of a file; at least one. */
export async function certificatesIn(path: string): Promise<string[]> {
  const text = await textOf(path, 'E_OWN_CA');
  const found = certificatesOf(text);
  if (found.length === 0) {
    throw refused(
      'E_OWN_CA',
      `${path} holds no certificate in PEM`,
      'If it is DER: openssl x509 -inform DER -in FILE -out FILE.pem.',
    );
  }
  for (const [index, pem] of found.entries()) {
    try {
      authorityFacts(pem);
    } catch (cause) {
      throw refused(
        'E_OWN_CA',
        `${path}: certificate ${index + 1} cannot be read`,
        'Export it again.',
        cause,
      );
    }
  }
  return found;
}

type Problem = readonly [problem: string, hint: string];

const ORDER = 'Put the certificate of the key first, then the one that issued it, and so on up to the root.';
const ASK_FOR =
  'Ask whoever runs that authority for one that is made to issue server and client certificates.';

/** What is wrong with one certificate by itself. */
function problemOf(facts: AuthorityFacts, now: Date): Problem | undefined {
  const { x509, isAuthority, notBefore, notAfter, usages, keyUsage } = facts;
  if (notBefore > now) {
    return [
      `is not valid before ${notBefore.toISOString()}, and it is ${now.toISOString()} here`,
      'Is the clock of this machine behind? Set it, or wait.',
    ];
  }
  if (notAfter <= now) return [`expired on ${notAfter.toISOString().slice(0, 10)}`, 'Have it renewed first.'];
  if (!isAuthority) return ['is not the certificate of an authority (CA:TRUE is missing)', ASK_FOR];
  // Without the extension nothing is forbidden (RFC 5280, 4.2.1.3), for Go and OpenSSL too.
  if (keyUsage?.certSign === false)
    return ['may not sign certificates (key usage without keyCertSign)', ASK_FOR];
  if (usages.length > 0 && !usages.includes(ANY_USAGE)) {
    const missing = (['server', 'client'] as const).find((usage) => !usages.includes(usage));
    if (missing !== undefined) return [`may not issue ${missing} certificates (extended key usage)`, ASK_FOR];
  }
  if (facts.limitsNames) {
    return [
      'limits the names it may issue for, and a cluster needs kubernetes.default.svc and addresses of its own',
      ASK_FOR,
    ];
  }
  return keyProblem(x509.publicKey) ?? signatureProblem(facts);
}

/** What is wrong with where it stands among the others. */
function placeProblem(chain: readonly AuthorityFacts[], below: number): Problem | undefined {
  const facts = chain[below];
  const above = chain[below + 1];
  if (!facts) return undefined;
  if (facts.pathLength !== undefined && facts.pathLength < below) {
    return [
      `allows ${facts.pathLength} authorities below it (pathLenConstraint), and there ${below === 1 ? 'is 1' : `are ${below}`}`,
      ASK_FOR,
    ];
  }
  if (facts.selfSigned) return above && ['is a root, and another certificate follows it', ORDER];
  if (!above) {
    return [
      'is not a root, and the file ends with it',
      `${ORDER} OpenSSL verifies nothing without the root.`,
    ];
  }
  if (facts.x509.checkIssued(above.x509) && facts.x509.verify(above.x509.publicKey)) return undefined;
  return [`was not issued by ${nameOf(above)}, which follows it`, ORDER];
}

/** What Go 1.12, which Kubernetes 1.16 is built with, and OpenSSL both take. */
function keyProblem(key: KeyObject): Problem | undefined {
  const { modulusLength = 0, namedCurve = '' } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType === 'rsa') {
    return modulusLength < 2048
      ? [`has an RSA key of ${modulusLength} bits, at least 2048 are needed`, ASK_FOR]
      : undefined;
  }
  if (key.asymmetricKeyType === 'ec' && CURVES.includes(namedCurve)) return undefined;
  const kind = namedCurve === '' ? (key.asymmetricKeyType ?? 'unknown') : `${namedCurve} (elliptic)`;
  return [
    `has a key of type ${kind}`,
    'Kubernetes 1.16 takes RSA, and the elliptic curves P-256, P-384 and P-521.',
  ];
}

const ANY_USAGE = '2.5.29.37.0';
const CURVES = ['prime256v1', 'secp384r1', 'secp521r1'];

/** Nobody verifies the signature of a root: it is trusted as it is. */
function signatureProblem({ selfSigned, signature }: AuthorityFacts): Problem | undefined {
  if (selfSigned || !(signature in WEAK)) return undefined;
  return [
    `is signed with ${WEAK[signature] ?? signature}, which is broken`,
    'Have it issued again with SHA-256.',
  ];
}

const WEAK: Readonly<Record<string, string>> = {
  '1.2.840.113549.1.1.2': 'MD2',
  '1.2.840.113549.1.1.4': 'MD5',
  '1.2.840.113549.1.1.5': 'SHA-1',
  '1.2.840.10040.4.3': 'SHA-1',
  '1.2.840.10045.4.1': 'SHA-1',
};

async function keyIn(
  { key: path, passphrase }: GivenAuthority,
  ask: AskSecret | undefined,
): Promise<KeyObject> {
  const pem = await textOf(path, 'E_OWN_CA_KEY');
  if (!/^-----BEGIN [A-Z ]*PRIVATE KEY-----$/m.test(pem)) {
    throw refused(
      'E_OWN_CA_KEY',
      `${path} holds no private key in PEM`,
      'If it is PKCS#12: openssl pkcs12 -nocerts -in FILE -out FILE.key.',
    );
  }
  if (!/ENCRYPTED/.test(pem)) return decrypted(path, pem, undefined);
  const hint =
    'Run it on a terminal, or write passphrase: ${env:NAME} beside the key in the inventory, and set NAME.';
  return decrypted(path, pem, await passphraseFor(path, hint, { known: passphrase, ask }));
}

function decrypted(path: string, pem: string, passphrase: Secret | undefined): KeyObject {
  try {
    return createPrivateKey({ key: pem, ...(passphrase && { passphrase: passphrase.reveal() }) });
  } catch (cause) {
    if (!passphrase) throw refused('E_OWN_CA_KEY', `${path} cannot be read`, 'Export it again.', cause);
    // Of one wrong passphrase in 256 OpenSSL says that what it decrypted is in no format it supports.
    const unsupported = (cause as NodeJS.ErrnoException).code === 'ERR_OSSL_EVP_UNSUPPORTED';
    throw unsupported
      ? refused(
          'E_OWN_CA_KEY',
          `${path} is encrypted in a way that OpenSSL 3 does not read any more`,
          'Encrypt it again: openssl pkcs8 -topk8 -v2 aes-256-cbc.',
          cause,
        )
      : refused(
          'E_PASSPHRASE',
          `${path} cannot be opened with the passphrase given`,
          'Nothing was written. Try again.',
          cause,
        );
  }
}

async function textOf(path: string, code: string): Promise<string> {
  try {
    return await readFile(path, 'latin1');
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    throw refused(
      code,
      `cannot read ${path}: ${missing ? 'no such file' : (cause as Error).message}`,
      'Paths in the inventory start at its own folder.',
      cause,
    );
  }
}

const nameOf = ({ commonName, x509 }: AuthorityFacts): string =>
  JSON.stringify(commonName === '' ? x509.subject.replaceAll('\n', ', ') : commonName);

const refused = (code: string, message: string, hint: string, cause?: unknown): BootstrapError =>
  new BootstrapError(code, message, { hint, cause, exitCode: ExitCode.usage });
