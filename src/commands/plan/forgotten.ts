import type { Cluster } from '../../cluster/open.ts';
import type { RunOptions } from '../../cluster/visit.ts';
import { type Fleet, sightings } from '../../run/fleet.ts';

/** Users whom nothing names any more keep what they have until somebody says otherwise. */
export function tellForgotten({ emit, prune }: RunOptions, cluster: Cluster, fleet: Fleet): void {
  if (prune) return;
  for (const name of cluster.forgotten(sightings(fleet))) {
    const message = `${name} is no user of the inventory any more, and can still get in: k8s-bootstrap users revoke ${name}, or up --prune`;
    emit({ type: 'note', level: 'warn', message });
  }
}
