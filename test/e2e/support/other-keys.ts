import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

interface OtherKeys {
  /** Names in the folder of keys. */
  readonly files: readonly string[];
  /** Writes others under these names. */
  readonly make: (folder: string) => void;
  /** Path on a master that shows it. */
  readonly told: string;
}

/** Keys as another state folder would have them. */
export const otherKeys: readonly OtherKeys[] = [
  {
    files: ['encryption.key'],
    make: (folder) => {
      const key = randomBytes(32).toString('base64');
      writeFileSync(join(folder, 'encryption.key'), `${key}\n`, { mode: 0o600 });
    },
    told: '/etc/kubernetes/encryption-config.yaml',
  },
  {
    files: ['sa.pub', 'sa.key'],
    make: (folder) => {
      const pair = generateKeyPairSync('rsa', {
        modulusLength: 2048,
        publicKeyEncoding: { type: 'spki', format: 'pem' },
        privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      });
      writeFileSync(join(folder, 'sa.pub'), pair.publicKey);
      writeFileSync(join(folder, 'sa.key'), pair.privateKey, { mode: 0o600 });
    },
    told: '/etc/kubernetes/pki/sa.pub',
  },
];
