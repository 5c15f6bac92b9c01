import { readInventory } from '../../cluster/read-inventory.ts';
import type { RunOptions } from '../../cluster/visit.ts';
import type { LoadedInventory } from '../../inventory/load.ts';
import { hostsWithRole } from '../../inventory/lookup.ts';
import type { Inventory } from '../../inventory/types.ts';
import { BootstrapError, ExitCode } from '../../kernel/errors.ts';

/**
 * The inventory of a cluster whose etcd is its own.
 * @throws E_NO_ETCD when none of its hosts runs it
 */
export async function readWithEtcd({ file, env, secrets }: RunOptions): Promise<LoadedInventory> {
  const read = await readInventory(file, env, secrets);
  if (etcdHosts(read.inventory).length > 0) return read;
  throw new BootstrapError('E_NO_ETCD', `no host of ${read.inventory.name} has the role etcd`, {
    hint: 'Whoever runs its etcd looks after it.',
    where: { file: read.inventory.file },
    exitCode: ExitCode.usage,
  });
}

/** Names of the hosts that run etcd. */
export const etcdHosts = (inventory: Inventory): string[] =>
  hostsWithRole(inventory, 'etcd').map(({ name }) => name);

/** @throws E_ETCD_MEMBER for a host that the inventory gives no etcd */
export function etcdHostNamed(inventory: Inventory, name: string): string {
  const names = etcdHosts(inventory);
  if (names.includes(name)) return name;
  throw new BootstrapError('E_ETCD_MEMBER', `${JSON.stringify(name)} has not the role etcd`, {
    hint: `Hosts with the role etcd are ${names.join(', ')}.`,
    where: { file: inventory.file },
    exitCode: ExitCode.usage,
  });
}
