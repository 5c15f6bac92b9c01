import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { EtcdBackup } from '../../../answers/etcd.ts';
import type { Cluster } from '../../../cluster/open.ts';
import { BootstrapError } from '../../../kernel/errors.ts';
import { readable } from '../../../kernel/quotable.ts';
import { refuseExisting } from '../../../kernel/refuse-existing.ts';
import { stampOf } from '../../../kernel/stamp.ts';
import { hasLeader } from '../../../phases/etcd/etcdctl.ts';
import { isHealthy } from '../../../phases/etcd/members.ts';
import type { World } from '../../../phases/phase.ts';
import { withRole } from '../../../phases/shared/topology.ts';
import { type Fleet, type Member, runOn } from '../../../run/fleet.ts';
import { receiver } from './receive.ts';
import { keyProof, writeSidecar } from './sidecar.ts';
import { snapshotScript } from './snapshot-script.ts';

/** A database may have 8 GiB, and the line may be slow. */
const HOURS = 4;

/** The host that a snapshot is taken of: the first whose member has a quorum behind it. @throws E_ETCD_NO_QUORUM */
export function snapshotHost(world: World, except?: string): string {
  const host = withRole(world, 'etcd').find(
    (one) => one.name !== except && (isHealthy(world, one) || hasLeader(world, one)),
  );
  if (host) return host.name;
  throw new BootstrapError('E_ETCD_NO_QUORUM', 'no member of etcd is healthy', {
    hint: 'k8s-bootstrap etcd status says what they lack. Members that are merely stopped are started by "k8s-bootstrap up".',
  });
}

/** Where a backup goes that nobody has named a file for. */
export const backupFile = ({ stateFolder, inventory }: Cluster, now: Date): string =>
  join(stateFolder, 'backups', `${inventory.name}-${stampOf(now)}.db`);

/**
 * Takes a snapshot on a host and brings it here, with what says what it is beside it. On the host nothing stays.
 * @throws E_ETCD_BACKUP, E_FILE_EXISTS
 */
export async function takeSnapshot(
  { inventory, pki }: Cluster,
  fleet: Fleet,
  member: Member,
  file: string,
): Promise<EtcdBackup> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  refuseExisting(file);
  const incoming = receiver(file);
  try {
    const { code, stderr } = await runOn(fleet, member, {
      script: snapshotScript,
      onStdout: incoming.take,
      keepStdout: false,
      timeoutMs: HOURS * 3_600_000,
    });
    if (code !== 0) throw notTaken(member.name, stderr.toString('utf8'));
    const received = incoming.check();
    const what = { cluster: inventory.name, host: member.name, at: new Date().toISOString() };
    const encryptionKey = keyProof(pki.encryptionKey(), received.sha256);
    await writeSidecar(file, { ...what, ...received, encryptionKey });
    incoming.publish();
    return { file, host: member.name, ...received };
  } finally {
    incoming.end();
  }
}

const notTaken = (host: string, said: string): BootstrapError =>
  new BootstrapError(
    'E_ETCD_BACKUP',
    `no snapshot could be taken on ${host}: ${readable(said.trim().split('\n').slice(-5).join('\n'))}`,
    { hint: 'Is there room in /var/lib (df -h /var/lib)? k8s-bootstrap etcd status says how the member is.' },
  );
