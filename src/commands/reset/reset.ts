import { type ProcedureOptions, visitProcedure } from '../../cluster/visit-procedure.ts';
import { readInventory } from '../../cluster/read-inventory.ts';
import type { ClusterReset } from '../../answers/reset.ts';
import { hostNames } from '../../inventory/host-names.ts';
import type { Host } from '../../inventory/types.ts';
import { statusWatches } from '../../phases/etcd/etcdctl.ts';
import { NODES } from '../../resources/cluster/kube-api.ts';
import { beforeWatch } from '../../resources/before.ts';
import { openedWatches } from '../../resources/network/firewall.ts';
import { runOn } from '../../run/fleet.ts';
import type { ProcedureStep } from '../../run/procedure.ts';
import { stampOf } from '../../kernel/stamp.ts';
import { keptData } from './reset-data.ts';
import { type ResetWish, concerned, packagesOf, resettable } from './concerned.ts';
import { forgetting, readLeft, resetSteps } from './reset-steps.ts';

export interface ResetOptions extends ProcedureOptions, Omit<ResetWish, 'hosts' | 'stamp'> {
  /** Hosts that are meant; all of the inventory when none is named. */
  readonly hosts: readonly string[];
}

/** Makes hosts what they were before the first run. */
export async function reset(options: ResetOptions): Promise<number> {
  const { hosts: named, deleteData, packages } = options;
  const read = await readInventory(options.file, options.env, options.secrets);
  const all = read.inventory.hosts.map(({ name }) => name);
  const wish: ResetWish = {
    hosts: new Set(hostNames(read.inventory, named)),
    deleteData,
    packages,
    stamp: stampOf(new Date()),
  };
  const alone = all.every((name) => wish.hosts.has(name));
  const isAsked = ({ name, roles }: Host): boolean =>
    wish.hosts.has(name) || roles.includes('master') || roles.includes('etcd');
  const left = new Map<string, readonly string[]>();
  // As it was before the first step: afterwards nothing tells it.
  let found = new Map<string, Pick<ClusterReset['hosts'][number], 'wasOurs' | 'packages' | 'data'>>();
  let ends = false;
  return visitProcedure(
    { ...options, read },
    {
      look: {
        phases: alone ? ['base'] : ['base', 'etcd'],
        takesPart: isAsked,
        // Of a cluster that is half made, or whose keys are lost, all that is asked is to go.
        mends: ['state-missing', 'etcd-data', 'etcd-members', 'nfs-folders'],
        asks: (_inventory, { roles }) => [
          beforeWatch,
          ...openedWatches,
          ...(!alone && roles.includes('master') ? [{ kind: 'object', key: NODES } as const] : []),
          ...(!alone && roles.includes('etcd') ? statusWatches : []),
        ],
      },
      steps(world) {
        const ours = resettable(world, wish);
        const hosts = concerned(world, wish);
        const names = hosts.map(({ name }) => name);
        if (found.size === 0) {
          ends = ours.length > 0;
          found = new Map(
            world.inventory.hosts.map((host) => [
              host.name,
              {
                wasOurs: hosts.includes(host),
                packages: packages ? [] : packagesOf(world, host.name),
                data: deleteData || !ours.includes(host) ? [] : keptData(world, host, wish.stamp),
              },
            ]),
          );
        }
        const steps = resetSteps(world, wish);
        return names.length === 0 ? [] : [...steps, telling(names, left), forgetting(world, names)];
      },
      confirm: ({ name }) => ({
        question: !ends
          ? `Packages that a reset of ${name} has left are removed.`
          : alone
            ? `The cluster ${name} ends.`
            : `${[...wish.hosts].join(', ')} will know nothing of ${name} any more.`,
        word: name,
        namesIt: true,
      }),
      done({ inventory, stateFolder }, fleet) {
        const wanted = inventory.hosts.filter(
          ({ name }) => wish.hosts.has(name) && !fleet.members.get(name)?.failed,
        );
        options.emit({
          type: 'result',
          answer: 'reset',
          data: {
            cluster: inventory.name,
            stateFolder,
            hosts: wanted.map(({ name }) => ({
              host: name,
              left: left.get(name) ?? [],
              ...(found.get(name) ?? { wasOurs: false, packages: [], data: [] }),
            })),
          },
        });
      },
    },
  );
}

const telling = (hosts: readonly string[], left: Map<string, readonly string[]>): ProcedureStep => ({
  id: 'reset-tell',
  title: 'read what could not be taken away',
  hosts,
  does: {
    kind: 'act',
    act: async (fleet, member) => {
      const { stdout } = await runOn(fleet, member, { script: readLeft });
      left.set(member.name, stdout.toString('utf8').split('\n').filter(Boolean).slice(0, 100));
    },
  },
});
