import { readText } from '../kernel/data.ts';

/** The text of a file of `templates/etc/`, which a host gets as it is. */
export const hostFile = (
  name: 'audit-policy.yaml' | 'admission-config.yaml' | 'etcd-backup.sh' | 'keepalived-check.sh',
): string => readText(`templates/etc/${name}`);
