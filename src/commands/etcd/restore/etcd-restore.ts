import { resolve } from 'node:path';
import { type ProcedureOptions, visitProcedure } from '../../../cluster/visit-procedure.ts';
import { hasData } from '../../../phases/etcd/members.ts';
import { asidePaths } from '../../../phases/etcd/set-aside.ts';
import { withRole } from '../../../phases/shared/topology.ts';
import { stampOf } from '../../../kernel/stamp.ts';
import { ETCD_LOOK } from '../etcd-look.ts';
import { readWithEtcd } from '../members-of.ts';
import { RESTORED, restoreSteps, unfinishedHosts } from './restore-steps.ts';
import { judgeSnapshot, openSnapshot } from './snapshot-file.ts';

export interface RestoreOptions extends ProcedureOptions {
  readonly snapshot: string;
  /** Although it is of another cluster, or its Secrets cannot be read. */
  readonly force: boolean;
}

/** Brings the whole cluster back to a snapshot. What the members had is kept beside. */
export async function etcdRestore(options: RestoreOptions): Promise<number> {
  const read = await readWithEtcd(options);
  const snapshot = await openSnapshot(resolve(options.snapshot));
  const stamp = stampOf(new Date());
  let setAside: Readonly<Record<string, readonly string[]>> = {};
  let told = false;
  let unfinished: readonly string[] = [];
  return visitProcedure(
    { ...options, read },
    {
      look: {
        ...ETCD_LOOK,
        phases: RESTORED,
        takesPart: () => true,
      },
      steps(world, cluster) {
        const doubt = judgeSnapshot(snapshot, cluster, options.force);
        if (doubt !== undefined && !told) options.emit({ type: 'note', level: 'warn', message: doubt });
        told = true;
        setAside = Object.fromEntries(
          withRole(world, 'etcd')
            .filter((host) => hasData(world, host))
            .map((host) => [host.name, asidePaths(world, host, stamp)]),
        );
        unfinished = unfinishedHosts(world);
        return restoreSteps(world, { snapshot, stamp });
      },
      confirm: ({ name }) => ({
        question: `The cluster goes back to ${snapshot.about?.at ?? 'the snapshot'}; what was changed since is gone.`,
        word: name,
      }),
      done() {
        const { file, about } = snapshot;
        const revision = about?.revision ?? null;
        options.emit({
          type: 'result',
          answer: 'etcd-restore',
          data: { file, revision, setAside, unfinished },
        });
      },
    },
  );
}
