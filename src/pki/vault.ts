import { createCipheriv, createDecipheriv, randomBytes, scrypt } from 'node:crypto';
import { promisify } from 'node:util';
import { BootstrapError, ExitCode } from '../kernel/errors.ts';
import type { Secret } from '../kernel/secret.ts';

/**
 * Texts sealed with one key that is derived from a passphrase: scrypt (RFC 7914) and AES-256-GCM. The salt lies in
 * a header of its own, so that the key is derived once for a whole folder; each text has a nonce of its own, and is
 * bound to its name, so that sealed files cannot change places unseen.
 */
export interface Vault {
  seal(name: string, text: string): string;
  /** @throws E_VAULT when the text was changed, or is another file's */
  open(name: string, sealed: string): string;
}

/** A vault with a new salt, and the header to keep beside what it seals. */
export async function newVault(passphrase: Secret): Promise<{ vault: Vault; header: string }> {
  const kdf = { N: 2 ** 17, r: 8, p: 1, salt: randomBytes(16).toString('base64') };
  const vault = vaultOf(await derive(passphrase, kdf));
  return {
    vault,
    header: `${JSON.stringify({ format: FORMAT, ...kdf, check: vault.seal(CHECK, CHECK) })}\n`,
  };
}

/**
 * The vault that a header belongs to.
 * @throws E_PASSPHRASE for another passphrase than it was made with; E_VAULT for a header that is none
 */
export async function openVault(header: string, path: string, passphrase: Secret): Promise<Vault> {
  const { check, ...kdf } = parseHeader(header, path);
  const vault = vaultOf(await derive(passphrase, kdf));
  try {
    vault.open(CHECK, check);
    return vault;
  } catch (cause) {
    throw new BootstrapError('E_PASSPHRASE', `this is not the passphrase that ${path} was made with`, {
      hint: 'Nothing was changed. Try again; the keys on the masters can be read without it ("k8s-bootstrap adopt").',
      exitCode: ExitCode.usage,
      cause,
    });
  }
}

export const isSealed = (text: string): boolean => text.startsWith(BEGIN);

const FORMAT = 'k8s-bootstrap vault 1';
const CHECK = 'check';
const BEGIN = '-----BEGIN K8S-BOOTSTRAP SEALED FILE-----\n';
const END = '\n-----END K8S-BOOTSTRAP SEALED FILE-----\n';
const NONCE = 12;
const TAG = 16;

interface Kdf {
  readonly N: number;
  readonly r: number;
  readonly p: number;
  readonly salt: string;
}

/** On the thread pool; 128 MiB and about 0.3 s. */
const derive = (passphrase: Secret, { N, r, p, salt }: Kdf): Promise<Buffer> =>
  promisify<string, Buffer, number, { N: number; r: number; p: number; maxmem: number }, Buffer>(scrypt)(
    passphrase.reveal().normalize('NFC'),
    Buffer.from(salt, 'base64'),
    32,
    { N, r, p, maxmem: 129 * N * r + 1024 * r * p },
  );

function vaultOf(key: Buffer): Vault {
  const boundTo = (name: string): Buffer => Buffer.from(`${FORMAT} ${name}`);
  return {
    seal(name, text) {
      const nonce = randomBytes(NONCE);
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(boundTo(name));
      const body = Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
      return `${BEGIN}${body.toString('base64').replace(/.{64}(?=.)/g, '$&\n')}${END}`;
    },
    open(name, sealed) {
      try {
        const body = Buffer.from(sealed.slice(BEGIN.length, -END.length), 'base64');
        const nonce = body.subarray(0, NONCE);
        const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG })
          .setAAD(boundTo(name))
          .setAuthTag(body.subarray(-TAG));
        return Buffer.concat([decipher.update(body.subarray(NONCE, -TAG)), decipher.final()]).toString(
          'utf8',
        );
      } catch (cause) {
        throw new BootstrapError('E_VAULT', `${name} was changed, or belongs to another vault`, {
          hint: 'Bring it back from a backup; the masters hold the same keys ("k8s-bootstrap adopt").',
          cause,
        });
      }
    },
  };
}

function parseHeader(text: string, path: string): Kdf & { readonly check: string } {
  try {
    const { format, N, r, p, salt, check } = JSON.parse(text) as Record<string, unknown>;
    // What one machine may be asked to do is bounded: the file could be anybody's.
    const fits = [N, r, p].every(
      (value) => Number.isInteger(value) && Number(value) > 0 && Number(value) <= 2 ** 20,
    );
    if (
      format === FORMAT &&
      fits &&
      Number(N) * Number(r) <= 2 ** 22 &&
      typeof salt === 'string' &&
      typeof check === 'string'
    ) {
      return { N: Number(N), r: Number(r), p: Number(p), salt, check };
    }
  } catch {
    // as any other that is none
  }
  throw new BootstrapError('E_VAULT', `${path} is not the header of sealed keys`, {
    hint: 'Bring it back from a backup; without it the keys beside it cannot be opened.',
  });
}
