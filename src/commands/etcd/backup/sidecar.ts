import { createHmac } from 'node:crypto';
import * as z from 'zod';
import { writeAtomic } from '../../../kernel/atomic-file.ts';
import { BootstrapError } from '../../../kernel/errors.ts';
import type { Secret } from '../../../kernel/secret.ts';
import { readIfThere } from '../../../state/state-files.ts';

/** What lies beside a backup and says what it is. */
export type Sidecar = z.output<typeof sidecarSchema>;

const sidecarSchema = z.object({
  cluster: z.string(),
  host: z.string(),
  at: z.iso.datetime(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  bytes: z.int().nonnegative(),
  revision: z.int().nonnegative(),
  keys: z.int().nonnegative(),
  /** Proves with which key its Secrets are encrypted, and tells nothing of it; `null` while the key was sealed. */
  encryptionKey: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .nullable(),
});

const pathOf = (file: string): string => `${file}.json`;

export const writeSidecar = (file: string, sidecar: Sidecar): Promise<void> =>
  writeAtomic(pathOf(file), `${JSON.stringify(sidecar, undefined, 2)}\n`);

/**
 * `undefined` where there is none.
 * @throws E_ETCD_BACKUP for one that cannot be read: what it would refuse must not pass for unknown
 */
export async function readSidecar(file: string): Promise<Sidecar | undefined> {
  const text = await readIfThere(pathOf(file));
  try {
    return text === undefined ? undefined : sidecarSchema.parse(JSON.parse(text));
  } catch {
    throw new BootstrapError('E_ETCD_BACKUP', `${pathOf(file)} does not say what the backup beside it is`, {
      hint: 'It is damaged, or of a newer version of this program. Bring it back, or move it away: then nothing is known of the backup, and that is told.',
    });
  }
}

/** Of a key of 256 random bits, which nobody finds by trying. Bound to the snapshot, so it cannot be taken elsewhere. */
export const keyProof = (key: Secret | undefined, sha256: string): string | null =>
  key === undefined
    ? null
    : createHmac('sha256', Buffer.from(key.reveal(), 'base64'))
        .update(`snapshot of etcd ${sha256}`)
        .digest('hex');
