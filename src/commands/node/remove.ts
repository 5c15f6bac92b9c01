import { type ProcedureOptions, visitProcedure } from '../../cluster/visit-procedure.ts';
import { hostIfNamed } from '../../inventory/lookup.ts';
import { hasData } from '../../phases/etcd/members.ts';
import { asidePaths } from '../../phases/etcd/set-aside.ts';
import { stampOf } from '../../kernel/stamp.ts';
import { nodeLook } from './node-look.ts';
import { refuseNoName } from './node-steps.ts';
import { removeSteps } from './remove-steps.ts';

export interface RemoveOptions extends ProcedureOptions {
  readonly node: string;
  /** The host is left as it is, as one that is dead. */
  readonly force: boolean;
  /** In seconds, for its pods to end. */
  readonly timeout: number;
}

/** Takes a host out of the cluster: its pods, its member of etcd, what runs on it, its keys and its Node. */
export async function nodeRemove(options: RemoveOptions): Promise<number> {
  const { node, force: alone, timeout } = options;
  refuseNoName(node);
  const stamp = stampOf(new Date());
  let setAside: readonly string[] = [];
  return visitProcedure(options, {
    look: nodeLook(node, alone),
    steps(world) {
      const host = hostIfNamed(world.inventory, node);
      setAside = host && !alone && hasData(world, host) ? asidePaths(world, host, stamp) : [];
      return removeSteps(world, { node, alone, stamp, timeout });
    },
    confirm: () => ({ question: `${node} leaves the cluster.`, word: node }),
    done({ inventory }) {
      const named = hostIfNamed(inventory, node) !== undefined;
      options.emit({
        type: 'result',
        answer: 'node-remove',
        data: { node, cleaned: named && !alone, setAside, stillIn: named ? inventory.file : null },
      });
    },
  });
}
