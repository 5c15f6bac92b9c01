import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Cluster } from '../../../cluster/open.ts';
import { BootstrapError, ExitCode } from '../../../kernel/errors.ts';
import type { Content } from '../../../resources/step.ts';
import { keyProof, readSidecar } from '../backup/sidecar.ts';

/** A snapshot on this machine, with what is known of it. */
export interface SnapshotFile extends Content {
  readonly file: string;
  /** The cluster, revision and key that it is of; `undefined` where nothing lies beside it that says so. */
  readonly about: Awaited<ReturnType<typeof readSidecar>>;
}

/** @throws E_ETCD_BACKUP when it is not there, or is not what lies beside it says */
export async function openSnapshot(file: string): Promise<SnapshotFile> {
  const size = await sizeOf(file);
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  const sha256 = hash.digest('hex');
  const about = await readSidecar(file);
  if (about && about.sha256 !== sha256) {
    throw new BootstrapError(
      'E_ETCD_BACKUP',
      `${file} has SHA-256 ${sha256}, and was taken with ${about.sha256}`,
      {
        hint: 'It was changed, or did not come whole from where it was kept. Nothing was changed.',
      },
    );
  }
  return { file, size, sha256, about, open: () => createReadStream(file) };
}

async function sizeOf(file: string): Promise<number> {
  const found = await stat(file).catch(() => undefined);
  if (found?.isFile() && found.size > 0) return found.size;
  throw new BootstrapError('E_ETCD_BACKUP', `${file} is no file with a snapshot in it`, {
    hint: 'k8s-bootstrap etcd backup makes one.',
    exitCode: ExitCode.usage,
  });
}

/**
 * Whether it is of this cluster, and its Secrets can be read with the key of the state folder.
 * @returns what cannot be told, in words
 * @throws E_ETCD_OTHER_CLUSTER, E_ETCD_OTHER_KEY
 */
export function judgeSnapshot(
  { about, file }: SnapshotFile,
  { inventory, pki }: Pick<Cluster, 'inventory' | 'pki'>,
  force: boolean,
): string | undefined {
  if (!about) {
    return `nothing lies beside ${file} that says of which cluster it is, and whether its Secrets are encrypted with the key of the state folder: that cannot be told`;
  }
  if (about.cluster !== inventory.name && !force) {
    throw new BootstrapError('E_ETCD_OTHER_CLUSTER', `${file} is of the cluster "${about.cluster}"`, {
      hint: 'Nothing was changed. With --force it is taken all the same.',
    });
  }
  const proof = keyProof(pki.encryptionKey(), about.sha256);
  if (about.encryptionKey === null || proof === null) {
    return `whether the Secrets in ${file} are encrypted with the key of the state folder cannot be told: it is sealed, or was`;
  }
  if (proof !== about.encryptionKey && !force) {
    throw new BootstrapError(
      'E_ETCD_OTHER_KEY',
      `the Secrets in ${file} are encrypted with another key than that of the state folder`,
      {
        hint: 'API servers could not read them. Bring back the state folder of that time, then run "k8s-bootstrap up" and this again. With --force the rest is restored.',
      },
    );
  }
  return undefined;
}
