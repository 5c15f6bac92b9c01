import { etcdFolder, etcdInstalled } from '../../phases/etcd/etcd.ts';
import { phases } from '../../phases/index.ts';
import type { World } from '../../phases/phase.ts';
import { hostNamed } from '../../inventory/lookup.ts';
import { unitFile } from '../../resources/foreign/drop-ins.ts';
import { changes } from '../../resources/resource.ts';
import { serviceId } from '../../resources/service.ts';
import type { Deed, ProcedureStep } from '../../run/procedure.ts';

/** What a member of etcd and an API server stand on: names, time, ports, authorities. */
export const GROUND = ['base', 'time', 'firewall', 'trust'] as const;

/** Whether a host has a unit of ours; one that was installed anew has none. */
export const isLaid = (world: World, name: string, unit: string): boolean =>
  world.seen(name)?.file(unitFile(unit))?.type === 'file';

/** Those of the hosts that were installed anew, or never had etcd. */
export const bareOf = (world: World, names: readonly string[], unit = 'etcd.service'): string[] =>
  names.filter((name) => !isLaid(world, name, unit));

/** Hosts that were installed anew get what the ones beside them have; nothing where none was. */
export function laying(world: World, bare: readonly string[]): ProcedureStep[] {
  return phases
    .filter(({ id }) => GROUND.some((one) => one === id))
    .flatMap((phase) => {
      const taking = phase.hosts(world).flatMap(({ name }) => (bare.includes(name) ? [name] : []));
      return taking.length === 0
        ? []
        : [
            {
              id: `${phase.id}-lay`,
              title: `lay down what a host lacks that was installed anew: ${phase.title}`,
              hosts: taking,
              does: { kind: 'stage', stage: phase.id },
            } as const,
          ];
    });
}

/** User, program and folder of etcd, where they are missing, so that data can be made; nothing of it is started. */
export function layingEtcd(world: World, members: readonly string[]): ProcedureStep[] {
  const ids = (name: string): string[] =>
    isLaid(world, name, 'etcd.service')
      ? [etcdFolder(world).id]
      : etcdInstalled(world, hostNamed(world.inventory, name)).map(({ id }) => id);
  const lacking = members.filter((name) => {
    const seen = world.seen(name);
    const folder = etcdFolder(world);
    return seen && (!isLaid(world, name, 'etcd.service') || changes(folder.diff(seen, new Map())));
  });
  return lacking.length === 0
    ? []
    : [
        {
          id: 'etcd-lay',
          title: 'lay down what etcd lacks: its user, its program, the folder of its data',
          hosts: lacking,
          does: { kind: 'stage', stage: 'etcd', only: ids, waits: false },
        },
      ];
}

/**
 * Starts a unit by its stage. What else the inventory wants of the host by now is left to `up`, unless the host has
 * nothing of it yet.
 */
export const starting = (world: World, stage: string, unit: string, more: readonly string[] = []): Deed => ({
  kind: 'stage',
  stage,
  only: (name) => (isLaid(world, name, unit) ? [serviceId(unit), ...more] : undefined),
});
