import type { Cluster } from '../../cluster/open.ts';
import type { RunOptions } from '../../cluster/visit.ts';
import { type Fleet, sightings } from '../../run/fleet.ts';

/** Users whom nothing names any more keep what they have until somebody says otherwise. */
export function tellForgotten({ emit, prune }: RunOptions, cluster: Cluster, fleet: Fleet): void {
  if (prune) return;
  const known = new Set(cluster.users.forgotten());
  for (const name of cluster.forgotten(sightings(fleet))) {
    const message = known.has(name)
      ? `${name} is no user of the inventory any more, and can still get in: k8s-bootstrap users revoke ${name}, or up --prune`
      : `${name} can get in, and this state folder does not know why: k8s-bootstrap adopt takes over who was let in elsewhere; users revoke ${name}, or up --prune, ends it`;
    emit({ type: 'note', level: 'warn', message });
  }
}
