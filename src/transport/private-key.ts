import { createPrivateKey, sign } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import ssh2, { type ParsedKey } from 'ssh2';
import { BootstrapError } from '../kernel/errors.ts';
import type { Secret } from '../kernel/secret.ts';

/** Private keys by file, each read and decrypted once: decrypting blocks the process for 0.4 s (bcrypt). */
export interface KeyRing {
  /** @throws E_SSH_KEY naming the file and what is wrong with it */
  load(path: string, passphrase: Secret | undefined): Promise<ParsedKey>;
}

export function createKeyRing(): KeyRing {
  const loaded = new Map<string, Map<Secret | undefined, Promise<ParsedKey>>>();
  return {
    load(path, passphrase) {
      const byPassphrase = loaded.get(path) ?? new Map<Secret | undefined, Promise<ParsedKey>>();
      loaded.set(path, byPassphrase);
      const key = byPassphrase.get(passphrase) ?? readKey(path, passphrase);
      byPassphrase.set(passphrase, key);
      return key;
    },
  };
}

/** ssh2 hands its PEM to the engine at each signature, which then reads it anew: half a millisecond a host. */
function ready(key: ParsedKey): ParsedKey {
  const object = createPrivateKey(key.getPrivatePEM());
  const signed = key.sign.bind(key);
  key.sign = (data, algorithm) => {
    // The one kind of key that has its hash built in; for others ssh2 knows which was agreed on.
    const hash = algorithm ?? (key.type === 'ssh-ed25519' ? null : undefined);
    return hash === undefined ? signed(data) : sign(hash, Buffer.from(data), object);
  };
  return key;
}

async function readKey(path: string, passphrase: Secret | undefined): Promise<ParsedKey> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    throw problem(
      path,
      missing ? 'no such file' : (cause as Error).message,
      'Check ssh.keys in the inventory; without one (init), give --key.',
    );
  }
  if (/^-----BEGIN (ENCRYPTED )?PRIVATE KEY-----/m.test(text)) {
    throw problem(
      path,
      'is in PKCS#8 format, which is not supported',
      `Convert it in place with: ssh-keygen -p -f ${path}`,
    );
  }
  // The type says one key; for a file in OpenSSH's format older versions returned a list.
  const parsed = ssh2.utils.parseKey(text, passphrase?.reveal());
  if (!(parsed instanceof Error)) {
    if (parsed.isPrivateKey()) return ready(parsed);
    throw problem(path, 'is a public key', 'Name the private key: the file without .pub.');
  }
  if (/no passphrase given/.test(parsed.message)) {
    throw problem(
      path,
      'is encrypted and no passphrase was given',
      'Load it into ssh-agent, or give its passphrase.',
    );
  }
  if (/bad passphrase/i.test(parsed.message)) {
    throw problem(
      path,
      'could not be decrypted with the passphrase given',
      'Check it with: ssh-keygen -y -f ' + path,
    );
  }
  throw problem(
    path,
    `is not a private key that can be read: ${parsed.message}`,
    'Check it with: ssh-keygen -y -f ' + path,
  );
}

function problem(path: string, what: string, hint: string): BootstrapError {
  return new BootstrapError('E_SSH_KEY', `key ${path}: ${what}`, { hint });
}
