import { ETCD_CHECK, checkOutsideEtcd } from '../../cluster/etcd-reach.ts';
import { outcome } from '../../cluster/visit-hosts.ts';
import { type RunOptions, visit } from '../../cluster/visit.ts';
import { sightings } from '../../run/fleet.ts';

/** Looks at the hosts and says whether they are fit for what the inventory wants of them. */
export const preflight = (options: RunOptions): Promise<number> =>
  visit(options, async ({ cluster, fleet }) => {
    if (!options.ignorePreflight.includes(ETCD_CHECK))
      await checkOutsideEtcd(fleet, cluster.world(sightings(fleet)));
    return outcome(fleet);
  });
