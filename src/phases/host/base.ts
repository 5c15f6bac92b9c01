import { paths } from '../../kernel/host-paths.ts';
import { directory, file } from '../../resources/file.ts';
import { hostsBlock } from '../../resources/network/hosts-block.ts';
import { manifestWatch } from '../../resources/manifest.ts';
import { dataFoldersWatch } from '../shared/data-folders.ts';
import { restoredMark, restoredWatch } from '../shared/restored.ts';
import { endpointWatch } from '../shared/endpoint-name.ts';
import { serviceRangeWatch } from '../shared/service-range.ts';
import { apiHealthWatch } from '../shared/topology.ts';
import { factsWatches } from '../../facts/facts.ts';
import type { Phase, World } from '../phase.ts';

/** First of all: whose host this is. What is written later can then never be on a host without an owner. */
export const basePhase: Phase = {
  id: 'base',
  title: 'Claim the hosts',
  batch: 'parallel',
  hosts: ({ inventory }) => inventory.hosts,
  watch: ({ inventory }, host) => [
    ...factsWatches(),
    manifestWatch,
    restoredWatch,
    ...dataFoldersWatch(inventory, host),
    ...endpointWatch(inventory, host),
    ...serviceRangeWatch(host),
    ...apiHealthWatch(host),
  ],
  resources: (world, host) => [
    directory({ path: paths.state, mode: '0700' }),
    file({ path: paths.cluster, content: clusterText(world) }),
    ...restoredMark(world, host),
    // Before packages: a mirror of them may have its name from there.
    hostsBlock(hostNames(world)),
  ],
};

/** What every host finds by name without asking anybody, sorted. */
function hostNames({ inventory }: World): Map<string, string> {
  const { hosts, hostsFromInventory } = inventory.os;
  const own = hostsFromInventory ? inventory.hosts.map(({ name, ip }): [string, string] => [name, ip]) : [];
  return new Map([...own, ...Object.entries(hosts)].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Its CA tells a cluster from another of the same name; `undefined` before there is one. */
function clusterText(world: World): string | undefined {
  const keyId = world.pki.caKeyId('cluster');
  return keyId === undefined ? undefined : `name ${world.inventory.name}\nca ${keyId}\n`;
}
