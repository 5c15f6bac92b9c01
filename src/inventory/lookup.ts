import { BootstrapError } from '../kernel/errors.ts';
import { oncePer } from '../kernel/once-per.ts';
import type { Host, Inventory, Role } from './types.ts';

/** Hosts of an inventory, which does not change, by what they are asked for: thousands of hosts ask about thousands. */
interface Index {
  readonly byName: ReadonlyMap<string, Host>;
  readonly byRoles: Map<string, readonly Host[]>;
}

const indexOf = oncePer(({ hosts }: Inventory): Index => ({
  byName: new Map(hosts.map((host) => [host.name, host])),
  byRoles: new Map(),
}));

/** A host that somebody has named, who may be wrong. */
export const hostIfNamed = (inventory: Inventory, name: string): Host | undefined =>
  indexOf(inventory).byName.get(name);

/** @throws E_BUG when the inventory has no host of that name */
export function hostNamed(inventory: Inventory, name: string): Host {
  const host = hostIfNamed(inventory, name);
  if (host) return host;
  throw new BootstrapError('E_BUG', `there is no host ${name} in the inventory`);
}

/** Hosts with at least one of the roles, in the order of the inventory. */
export function hostsWithRole(inventory: Inventory, ...roles: readonly Role[]): readonly Host[] {
  const { byRoles } = indexOf(inventory);
  const key = roles.join();
  const known =
    byRoles.get(key) ?? inventory.hosts.filter((host) => roles.some((role) => host.roles.includes(role)));
  byRoles.set(key, known);
  return known;
}
