import { type ProcedureOptions, visitProcedure } from '../../../cluster/visit-procedure.ts';
import { hostNamed } from '../../../inventory/lookup.ts';
import { hasData } from '../../../phases/etcd/members.ts';
import { asidePaths } from '../../../phases/etcd/set-aside.ts';
import { backupFile, takeSnapshot } from '../backup/take-snapshot.ts';
import { stampOf } from '../../../kernel/stamp.ts';
import { GROUND } from '../laying.ts';
import { ETCD_LOOK } from '../etcd-look.ts';
import { etcdHostNamed, readWithEtcd } from '../members-of.ts';
import { replaceSteps } from './replace-steps.ts';

export interface ReplaceOptions extends ProcedureOptions {
  readonly host: string;
  /** Although the member is well. */
  readonly force: boolean;
}

/** Makes a member anew that has lost its data, with what the others have. */
export async function etcdReplace(options: ReplaceOptions): Promise<number> {
  const read = await readWithEtcd(options);
  const host = etcdHostNamed(read.inventory, options.host);
  const now = new Date();
  const stamp = stampOf(now);
  let backup: string | null = null;
  let setAside: readonly string[] = [];
  return visitProcedure(
    { ...options, read },
    {
      look: { ...ETCD_LOOK, phases: [...GROUND, ...ETCD_LOOK.phases] },
      steps(world, cluster) {
        const found = hostNamed(world.inventory, host);
        setAside = hasData(world, found) ? asidePaths(world, found, stamp) : [];
        return replaceSteps(world, {
          host,
          force: options.force,
          stamp,
          backup: async (fleet, member) => {
            const file = backupFile(cluster, now);
            await takeSnapshot(cluster, fleet, member, file);
            backup = file;
          },
        });
      },
      confirm: () => ({ question: `What ${host} has of the store will be set aside.`, word: host }),
      done() {
        options.emit({ type: 'result', answer: 'etcd-replace', data: { host, setAside, backup } });
      },
    },
  );
}
