import type { Inventory } from '../../inventory/types.ts';
import { BootstrapError, ExitCode } from '../../kernel/errors.ts';
import { hostsWithRole } from '../../inventory/lookup.ts';

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
