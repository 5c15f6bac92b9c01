import {
  type ClusterProcedure,
  type ProcedureOptions,
  visitProcedure,
} from '../../../cluster/visit-procedure.ts';
import { memberState, statusWatches } from '../../../phases/etcd/etcdctl.ts';
import type { World } from '../../../phases/phase.ts';
import { withRole } from '../../../phases/shared/topology.ts';
import { alive, onEach, probe, sightings } from '../../../run/fleet.ts';
import { ETCD_LOOK } from '../etcd-look.ts';
import { readWithEtcd } from '../members-of.ts';
import { defragSteps, withoutSpace } from './defrag-steps.ts';

/** Gives back what is empty in the databases of the members, one after the other. */
export async function etcdDefrag(options: ProcedureOptions): Promise<number> {
  let before: ReadonlyMap<string, number | null> = new Map();
  let disarmed: readonly string[] = [];
  const read = await readWithEtcd(options);
  const wanted: ClusterProcedure = {
    look: ETCD_LOOK,
    steps(world) {
      before = sizesOf(world);
      disarmed = withoutSpace(world).map((name) => `NOSPACE of ${name}`);
      return defragSteps(world);
    },
    confirm: ({ name }) => ({ question: 'etcd will be defragmented.', word: name }),
    async done(cluster, fleet) {
      await onEach(fleet, alive(fleet), undefined, async (member) => {
        await probe(fleet, member, statusWatches);
      });
      const after = sizesOf(cluster.world(sightings(fleet)));
      const members = [...after].map(([host, size]) => ({
        host,
        before: before.get(host) ?? null,
        after: size,
      }));
      options.emit({ type: 'result', answer: 'etcd-defrag', data: { members, disarmed } });
    },
  };
  return visitProcedure({ ...options, read }, wanted);
}

const sizesOf = (world: World): ReadonlyMap<string, number | null> =>
  new Map(withRole(world, 'etcd').map((host) => [host.name, memberState(world, host)?.total ?? null]));
