import type { Host } from '../../inventory/types.ts';
import { paths } from '../../kernel/host-paths.ts';
import type { Watch } from '../../probe/observe.ts';
import { directory } from '../../resources/file.ts';
import type { Resource } from '../../resources/resource.ts';
import { packages } from '../../resources/system.ts';
import { balancesLocally, isNode, sharesAddress } from '../shared/topology.ts';
import { factsWatches } from '../../facts/facts.ts';
import type { Phase, World } from '../phase.ts';
import { proxyEnvironment } from '../node/runtime-config.ts';
import { runtimePackage, runtimePackageWatches } from '../node/runtime.ts';
import { type System, everySystem, systemOf } from '../../release/systems.ts';

/** The operating system's own packages, the container runtime among them, in one transaction on each host. */
export const packagesPhase: Phase = {
  id: 'packages',
  title: 'Packages',
  batch: 'parallel',
  hosts: ({ inventory }) => inventory.hosts,
  watch: (world, host) => [
    ...factsWatches(),
    ...(isNode(host)
      ? [
          ...everySystem().flatMap((system) => systemPackages(world, host, system).map(asked)),
          ...runtimePackageWatches(world, host),
        ]
      : []),
  ],
  resources(world, host): Resource[] {
    const names = packageNames(world, host);
    return [
      ...(isNode(host) ? NETWORK_FOLDERS : []),
      ...(names.length === 0 ? [] : [hostPackages(world, host, names)]),
    ];
  },
};

/** containerd makes them when it starts, on Debian as it is installed: later, they would pass for somebody else's. */
const NETWORK_FOLDERS = ['/etc/cni', paths.cniConfig].map((path) => directory({ path }));

/** Packages by the host's own manager, which goes through the inventory's proxy. */
export const hostPackages = (world: World, host: Host, names: readonly string[]): Resource =>
  packages(world.facts(host.name).packageManager, names, proxyEnvironment(world.inventory));

function packageNames(world: World, host: Host): string[] {
  const { os } = world.inventory;
  return [...new Set([...(isNode(host) ? nodePackages(world, host) : []), ...os.packages, ...host.packages])];
}

const nodePackages = (world: World, host: Host): string[] => [
  ...systemPackages(world, host, systemOf(world.facts(host.name))),
  runtimePackage(world, host),
];

/** What a node needs besides its runtime, by the names of its system. */
const systemPackages = (world: World, host: Host, system: System): string[] => [
  ...system.node,
  ...(balancesLocally(world) ? system.balancer : []),
  ...(sharesAddress(world, host) ? system.keepalived : []),
  ...(world.inventory.network.proxyMode === 'ipvs' ? system.ipvs : []),
];

const asked = (key: string): Watch => ({ kind: 'package', key });
