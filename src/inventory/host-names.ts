import { BootstrapError, ExitCode } from '../kernel/errors.ts';
import { didYouMean } from './suggest.ts';
import type { Inventory } from './types.ts';

/** Names as given, or all; each must be one of the inventory's. */
export function hostNames(inventory: Inventory, given: readonly string[]): readonly string[] {
  const all = inventory.hosts.map(({ name }) => name);
  for (const name of given) {
    if (all.includes(name)) continue;
    throw new BootstrapError(
      'E_HOST',
      `there is no host "${name}" in the inventory${didYouMean(name, all)}`,
      {
        hint: `Hosts are ${all.slice(0, 10).join(', ')}${all.length > 10 ? ', …' : ''}.`,
        exitCode: ExitCode.usage,
      },
    );
  }
  return given.length === 0 ? all : [...new Set(given)];
}
