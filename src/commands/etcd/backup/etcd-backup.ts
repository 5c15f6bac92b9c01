import { resolve } from 'node:path';
import { MAY_PASS, lookingAt } from '../../../cluster/visit-procedure.ts';
import { outcome } from '../../../cluster/visit-hosts.ts';
import { type RunOptions, visit } from '../../../cluster/visit.ts';
import { ExitCode } from '../../../kernel/errors.ts';
import { refuseExisting } from '../../../kernel/refuse-existing.ts';
import { sightings } from '../../../run/fleet.ts';
import { settled } from '../../../run/settled.ts';
import { ETCD_LOOK } from '../etcd-look.ts';
import { readWithEtcd } from '../members-of.ts';
import { backupFile, snapshotHost, takeSnapshot } from './take-snapshot.ts';

export interface BackupOptions extends RunOptions {
  /** The file it goes to; into the state folder by default. */
  readonly out: string | undefined;
}

/** Brings a snapshot of the store here. It changes nothing, and waits for no lock. */
export async function etcdBackup(options: BackupOptions): Promise<number> {
  const { out } = options;
  const read = await readWithEtcd(options);
  if (out !== undefined) refuseExisting(resolve(out));
  const how: RunOptions = { ...lookingAt(options, ETCD_LOOK), read, ending: 'answer' };
  return visit(how, async ({ cluster, fleet, goal }) => {
    const host = await settled(fleet, goal, {
      judge: () => snapshotHost(cluster.world(sightings(fleet))),
      mayPass: MAY_PASS,
      stop: options.stop,
    });
    const member = fleet.members.get(host);
    if (!member) return ExitCode.failed;
    const file = out === undefined ? backupFile(cluster, new Date()) : resolve(out);
    const data = await takeSnapshot(cluster, fleet, member, file);
    options.emit({ type: 'result', answer: 'etcd-backup', data });
    return outcome(fleet);
  });
}
