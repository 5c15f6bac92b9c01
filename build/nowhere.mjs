import { Buffer } from 'node:buffer';
import { createHash } from 'node:crypto';
import ssh2 from 'ssh2';

/**
 * An SSH server in this process, on a loopback port, that lets everybody in, forwards to itself only, and has no
 * command that ends well.
 * @returns {Promise<{ port: number, hostKey: string, close: () => void }>} the key's fingerprint
 */
export async function nowhere() {
  const { private: key, public: publicKey } = hostKeys();
  const server = new ssh2.Server({ hostKeys: [key] }, (connection) => {
    connection.on('error', () => undefined);
    connection.on('authentication', (login) => login.accept());
    connection.on('tcpip', (accept) => server.injectSocket(accept()));
    connection.on('session', (accept) => {
      accept().on('exec', (accepted) => {
        const channel = accepted();
        channel.exit(1);
        channel.end();
      });
    });
  });
  await new Promise((listening) => server.listen(0, 'localhost', listening));
  const blob = Buffer.from(publicKey.split(' ')[1], 'base64');
  const hostKey = `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=$/, '')}`;
  return { port: server.address().port, hostKey, close: () => server.close() };
}

/** ssh2 cannot read three in a thousand of the keys that it makes. */
function hostKeys() {
  const keys = ssh2.utils.generateKeyPairSync('ed25519');
  return ssh2.utils.parseKey(keys.private) instanceof Error ? hostKeys() : keys;
}
