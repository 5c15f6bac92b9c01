import { visitFleet } from '../../../cluster/visit-fleet.ts';
import { lostIn, outcome } from '../../../cluster/visit-hosts.ts';
import type { RunOptions } from '../../../cluster/visit.ts';
import { hostNamed } from '../../../inventory/lookup.ts';
import { ExitCode } from '../../../kernel/errors.ts';
import { statusWatches } from '../../../phases/etcd/etcdctl.ts';
import { membershipWatches } from '../../../phases/etcd/members.ts';
import { alive, onEach, probe, sightings } from '../../../run/fleet.ts';
import { etcdHosts, readWithEtcd } from '../members-of.ts';
import { statusOf } from './status-report.ts';

/** Says who is in etcd, and how each member fares; exit code 3 when anything is off. */
export async function etcdStatus(options: RunOptions): Promise<number> {
  await readWithEtcd(options);
  return visitFleet(
    options,
    ({ inventory }) => etcdHosts(inventory),
    async ({ cluster, fleet }) => {
      const { inventory } = cluster;
      await onEach(fleet, alive(fleet), undefined, async (member) => {
        const host = hostNamed(inventory, member.name);
        await probe(fleet, member, [...membershipWatches({ inventory }, host), ...statusWatches]);
      });
      const status = statusOf(cluster.world(sightings(fleet)), lostIn(fleet));
      options.emit({ type: 'result', answer: 'etcd-status', data: status });
      const code = outcome(fleet);
      return code === ExitCode.ok && !status.well ? ExitCode.attention : code;
    },
  );
}
