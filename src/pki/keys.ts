import { createHash, createPublicKey, generateKeyPair as generate } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { Secret } from '../kernel/secret.ts';

export interface KeyPair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/**
 * A new RSA key pair. The search for primes runs on the thread pool; any number may be asked for at once, a few are
 * made at a time, because files and names are read on the same four threads.
 */
export async function newKeyPair(bits: number): Promise<KeyPair> {
  while (running >= AT_A_TIME) await new Promise<void>((resolve) => waiting.push(resolve));
  running += 1;
  try {
    return await generateOnThreadPool('rsa', { modulusLength: bits });
  } finally {
    running -= 1;
    waiting.shift()?.();
  }
}

/** PKCS#1 PEM (`RSA PRIVATE KEY`), the form kubeadm writes; SEC1 (`EC PRIVATE KEY`) for an elliptic key. */
export const privatePem = (key: KeyObject): Secret =>
  new Secret(
    key.export({ type: key.asymmetricKeyType === 'ec' ? 'sec1' : 'pkcs1', format: 'pem' }) as string,
  );

/** SPKI PEM (`PUBLIC KEY`), what `--service-account-key-file` reads. */
export const publicPem = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }) as string;

/** SHA-256 of the SPKI DER, hex: the same as `openssl pkey -in KEY -pubout -outform DER | sha256sum`. */
export function publicKeyDigest(key: KeyObject): string {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex');
}

const generateOnThreadPool = promisify(generate);

const AT_A_TIME = 3;
const waiting: (() => void)[] = [];
let running = 0;
