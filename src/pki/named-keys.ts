import type { Secret } from '../kernel/secret.ts';
import { type Contents, hasEncryptionKey } from './contents.ts';
import type { CaId } from './spec.ts';

/** The private keys of a cluster. */
export type KeyName = CaId | 'service-account' | 'encryption' | 'admin';

export interface NamedKey {
  /** What is public of it. */
  readonly identity: string;
  /** `undefined` while it is locked. */
  readonly key: Secret | undefined;
}

/** A key by its name; `undefined` when there is none. */
export function keyNamed(contents: Contents, name: KeyName): NamedKey | undefined {
  const { authorities, serviceAccount, admin, encryptionKey } = contents;
  switch (name) {
    case 'service-account':
      return serviceAccount && { identity: serviceAccount.publicKey, key: serviceAccount.privateKey };
    case 'admin':
      return admin && { identity: admin.certificate, key: admin.key };
    case 'encryption':
      return hasEncryptionKey(contents) ? { identity: '', key: encryptionKey } : undefined;
    case 'cluster':
    case 'etcd':
    case 'front-proxy':
    case 'users': {
      const authority = authorities[name];
      return authority && { identity: authority.certificate, key: authority.keyPem };
    }
  }
}
