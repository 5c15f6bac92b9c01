import type { RunOptions } from '../../app.ts';
import type { Inventory } from '../../inventory/types.ts';
import { ExitCode } from '../../kernel/errors.ts';
import { type Fleet, closeAll, connectAll, hostSummaries, makeFleet } from '../../run/fleet.ts';
import { type Cluster, openCluster } from '../cluster.ts';
import { connector, knownHostsOf } from '../connect.ts';
import { firstContact } from '../first-contact.ts';

export interface Visit {
  readonly cluster: Cluster;
  readonly fleet: Fleet;
}

/** Hosts that could not be asked. */
export const lostIn = (fleet: Fleet): string[] =>
  [...fleet.members.values()].flatMap(({ name, failed }) => (failed ? [name] : []));

/**
 * For commands that ask hosts something of their own and go by no phase: open, connect, act, sum up, close.
 * @param more whether a run that goes by phases follows, which sums up itself
 */
export async function onFleet(
  options: RunOptions,
  choose: (inventory: Inventory) => readonly string[],
  act: (visit: Visit) => Promise<number>,
  more = false,
): Promise<number> {
  const { emit, kill, stop } = options;
  const cluster = await openCluster(options);
  const { inventory } = cluster;
  const names = choose(inventory);
  emit({ type: 'run.started', command: options.command, cluster: inventory.name, hosts: names });
  const knownHosts = knownHostsOf(cluster.stateFolder, options.acceptNewHostKeys);
  await firstContact({ inventory, knownHosts, emit, confirm: options.confirm, signal: kill });
  const fleet = makeFleet(names, { emit, concurrency: inventory.concurrency, kill });
  try {
    await connectAll(fleet, connector(inventory, knownHosts));
    const code = await act({ cluster, fleet });
    return stop.aborted ? ExitCode.interrupted : code;
  } finally {
    const hosts = hostSummaries(fleet);
    const failed = hosts.filter((host) => host.failed).length;
    if (!more) emit({ type: 'summary', changed: 0, failed, kubeconfig: null, hosts });
    await closeAll(fleet);
    await cluster.artifacts.close();
  }
}
