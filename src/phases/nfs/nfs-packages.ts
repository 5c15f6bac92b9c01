import type { Host } from '../../inventory/types.ts';
import type { Watch } from '../../probe/observe.ts';
import type { Resource } from '../../resources/resource.ts';
import { isNode } from '../shared/topology.ts';
import { factsWatches } from '../../facts/facts.ts';
import { hostPackages } from '../host/packages.ts';
import type { Phase, World } from '../phase.ts';
import { type System, everySystem, systemOf } from '../../release/systems.ts';

/**
 * The tools of NFS: whichever node a pod with a volume comes to has to mount it. Apart from the other packages, because
 * how a server is configured is known when they are there, and `nfs setup` brings no others.
 */
export const nfsPackagesPhase: Phase = {
  id: 'nfs-packages',
  title: 'NFS packages',
  batch: 'parallel',
  hosts: ({ inventory }) => inventory.hosts.filter((host) => takesPart(inventory, host)),
  watch: (world, host): Watch[] => [
    ...factsWatches(),
    ...everySystem().flatMap((system) =>
      names(world, host, system).map((key): Watch => ({ kind: 'package', key })),
    ),
  ],
  resources: (world, host): Resource[] => [
    hostPackages(world, host, names(world, host, systemOf(world.facts(host.name)))),
  ],
};

const takesPart = ({ nfs }: World['inventory'], host: Host): boolean =>
  nfs !== undefined && (isNode(host) || nfs.hosts.includes(host.name));

const names = ({ inventory }: World, host: Host, system: System): string[] => [
  ...new Set([
    ...(isNode(host) ? system.nfsClient : []),
    ...(inventory.nfs?.hosts.includes(host.name) ? system.nfsServer : []),
  ]),
];
