import { dump } from 'js-yaml';
import type { LockedText } from '../../kernel/locked-text.ts';
import type { World } from '../phase.ts';

/**
 * Secrets are encrypted in etcd with a key of the cluster's own; `identity` last, so that what was
 * written before is still read. https://kubernetes.io/docs/tasks/administer-cluster/encrypt-data/
 */
export const encryptionConfig = ({ pki }: Pick<World, 'pki'>): string | LockedText | undefined =>
  pki.keyText('encryption', (key) =>
    dump({
      apiVersion: 'apiserver.config.k8s.io/v1',
      kind: 'EncryptionConfiguration',
      resources: [
        {
          resources: ['secrets'],
          providers: [{ aescbc: { keys: [{ name: 'key1', secret: key.reveal() }] } }, { identity: {} }],
        },
      ],
    }),
  );
