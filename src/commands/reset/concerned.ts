import type { Host } from '../../inventory/types.ts';
import { paths } from '../../kernel/host-paths.ts';
import type { World } from '../../phases/phase.ts';
import { type BeforeEntry, BEFORE, beforeOf, ofKind } from '../../resources/before.ts';
import { MANIFEST } from '../../resources/manifest.ts';

export interface ResetWish {
  /** Names of the hosts that are meant. */
  readonly hosts: ReadonlySet<string>;
  /** Whether the store, its snapshots and what is exported by NFS go as well. */
  readonly deleteData: boolean;
  readonly packages: boolean;
  /** Marks what is set aside. */
  readonly stamp: string;
}

/** Hosts that carry something of this program, and were reached. The packages that a reset has left are no such thing. */
export const resettable = (world: World, { hosts }: ResetWish): readonly Host[] =>
  world.inventory.hosts.filter(({ name }) => {
    const has = (path: string): boolean => (world.seen(name)?.file(path)?.type ?? 'absent') !== 'absent';
    return (
      hosts.has(name) &&
      (has(paths.cluster) || has(MANIFEST) || (has(BEFORE) && !hasPackagesAlone(world, name)))
    );
  });

const hasPackagesAlone = (world: World, host: string): boolean =>
  packagesOf(world, host).length > 0 && packagesOf(world, host).length === beforeIn(world, host).length;

/** Hosts on which a reset does something. */
export const concerned = (world: World, wish: ResetWish): readonly Host[] => {
  const ours = new Set(resettable(world, wish));
  return world.inventory.hosts.filter(
    (host) =>
      ours.has(host) ||
      (wish.packages && wish.hosts.has(host.name) && packagesOf(world, host.name).length > 0),
  );
};

/** Packages that were not there before the first run, as far as a host has them written down. */
export const packagesOf = (world: World, host: string): readonly string[] =>
  keysOf(beforeIn(world, host), 'package');

export const keysOf = (before: readonly BeforeEntry[], kind: BeforeEntry['kind']): string[] =>
  ofKind(before, kind).map(({ key }) => key);

export function beforeIn(world: World, host: string): readonly BeforeEntry[] {
  const observed = world.seen(host);
  return observed ? beforeOf(observed) : [];
}
