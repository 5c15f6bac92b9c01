import { type Cluster, openCluster } from './open.ts';
import type { RunOptions } from './visit.ts';
import { type Route, visitHosts } from './visit-hosts.ts';
import { ExitCode } from '../kernel/errors.ts';
import type { Fleet } from '../run/fleet.ts';

export interface Visit {
  readonly cluster: Cluster;
  readonly fleet: Fleet;
}

/** For commands that ask hosts something of their own, go by no phase, and answer. */
export async function visitFleet(
  options: RunOptions,
  choose: (cluster: Cluster) => readonly string[],
  act: (visit: Visit) => Promise<number>,
  how: Pick<Route, 'more' | 'concurrency'> = {},
): Promise<number> {
  const cluster = await openCluster(options, options.state);
  const { inventory } = cluster;
  const route = { inventory, warnings: [], hosts: choose(cluster), ending: 'answer' as const, ...how };
  try {
    return await visitHosts(route, options, async (fleet) => {
      const code = await act({ cluster, fleet });
      return options.stop.aborted ? ExitCode.interrupted : code;
    });
  } finally {
    await cluster.artifacts.close();
  }
}
