import type { Algorithms, ServerHostKeyAlgorithm } from 'ssh2';

/**
 * What is offered to a server. Everything here works with OpenSSH 7.4, and nothing of it is open to Terrapin
 * (CVE-2023-48795), which needs chacha20-poly1305 or encrypt-then-MAC: 7.4 has no strict key exchange.
 * No compression: what is sent in bulk is compressed already.
 * @param knownTypes key types known for this host: asked for first, or a server with several keys would show
 * another than the known one and look changed (OpenSSH's client orders them in the same way)
 * @param refusedTypes key types not to ask for
 */
export function algorithmsFor(
  knownTypes: readonly string[],
  refusedTypes: readonly string[] = [],
): Algorithms {
  const wanted = HOST_KEYS.filter(({ type }) => !refusedTypes.includes(type));
  const known = wanted.filter(({ type }) => knownTypes.includes(type));
  const others = wanted.filter(({ type }) => !knownTypes.includes(type));
  return {
    kex: [
      'curve25519-sha256',
      'curve25519-sha256@libssh.org',
      'ecdh-sha2-nistp256',
      'ecdh-sha2-nistp384',
      'diffie-hellman-group-exchange-sha256',
    ],
    cipher: ['aes128-gcm@openssh.com', 'aes256-gcm@openssh.com', 'aes256-ctr', 'aes128-ctr'],
    hmac: ['hmac-sha2-256', 'hmac-sha2-512'],
    compress: ['none'],
    serverHostKey: [...known, ...others].flatMap(({ algorithms }) => algorithms),
  };
}

/** Key type in known_hosts → signature algorithms that prove it. SHA-1 (`ssh-rsa`) and DSA are not offered. */
const HOST_KEYS: readonly {
  readonly type: string;
  readonly algorithms: readonly ServerHostKeyAlgorithm[];
}[] = [
  { type: 'ssh-ed25519', algorithms: ['ssh-ed25519'] },
  { type: 'ecdsa-sha2-nistp256', algorithms: ['ecdsa-sha2-nistp256'] },
  { type: 'ecdsa-sha2-nistp384', algorithms: ['ecdsa-sha2-nistp384'] },
  { type: 'ecdsa-sha2-nistp521', algorithms: ['ecdsa-sha2-nistp521'] },
  { type: 'ssh-rsa', algorithms: ['rsa-sha2-512', 'rsa-sha2-256'] },
];

export const HOST_KEY_TYPES = HOST_KEYS.length;
