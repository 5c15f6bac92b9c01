import type { Inventory } from '../../../inventory/types.ts';
import { hostsWithRole } from '../../../inventory/lookup.ts';
import { paths } from '../../../kernel/host-paths.ts';
import { nodes } from '../../../phases/shared/topology.ts';
import type { ApiAnswer, Observed } from '../../../probe/observe.ts';
import { NODES, nodesIn } from '../../../resources/cluster/kube-api.ts';
import { isImages } from '../../../resources/image-tag.ts';

/**
 * What was seen, with what a run would see later and nobody has to ask for: the API of a cluster that does not exist yet
 * will hold nothing but its nodes, and a runtime that does not run has no images. Of a cluster that has been there
 * nothing is taken for granted: an API server that does not answer may hold anything.
 */
export function assumed(
  inventory: Inventory,
  seen: ReadonlyMap<string, Observed>,
): ReadonlyMap<string, Observed> {
  const isNew = willBeNew(inventory, seen);
  const names = nodes({ inventory }).map(({ name }) => name);
  // A kubelet registers its node when it is started.
  const comingNodes = names.filter((name) => {
    const kubelet = seen.get(name)?.unit('kubelet.service');
    return kubelet !== undefined && kubelet.active !== 'active';
  });
  return new Map(
    [...seen].map(([host, observed]): [string, Observed] => [
      host,
      {
        ...observed,
        answer: (key) => {
          const answer = observed.answer(key);
          return isImages(key) && answer?.code !== 0 ? { code: 0, output: '' } : answer;
        },
        object: (path) => {
          if (isNew) return ofNewApi(path, names);
          const there = path === NODES ? nodesIn(observed) : undefined;
          return there ? { status: 200, body: withNodes(there, comingNodes) } : observed.object(path);
        },
      },
    ]),
  );
}

/** No master has ever been one. Of a store of somebody else's, only the API can tell what is in it. */
const willBeNew = (inventory: Inventory, seen: ReadonlyMap<string, Observed>): boolean =>
  !inventory.etcd.outside &&
  hostsWithRole(inventory, 'master').every(
    ({ name }) => seen.get(name)?.file(paths.adminConf)?.type === 'absent',
  );

function ofNewApi(path: string, names: readonly string[]): ApiAnswer {
  if (path === '/healthz') return { status: 200, body: undefined };
  return path === NODES
    ? { status: 200, body: withNodes(new Map(), names) }
    : { status: 404, body: undefined };
}

/** A list of nodes with those that it has not yet. */
const withNodes = (there: ReadonlyMap<string, unknown>, names: readonly string[]): object => ({
  items: [
    ...there.values(),
    ...names.filter((name) => !there.has(name)).map((name) => ({ metadata: { name } })),
  ],
});
