import { BootstrapError, ExitCode } from '../kernel/errors.ts';
import type { Inventory } from '../inventory/types.ts';
import { didYouMean } from '../inventory/suggest.ts';
import type { Emit } from '../run/events.ts';
import type { ClusterOptions } from './cluster.ts';
import { readInventory } from './inventory.ts';
import { knownHostsOf, stateFolderOf } from './connect.ts';
import { type Confirm, keyTable, meet } from './first-contact.ts';

export interface TrustOptions {
  readonly file: string;
  readonly env: ClusterOptions['env'];
  readonly emit: Emit;
  /** Names of the inventory; none stands for all of its hosts. */
  readonly hosts: readonly string[];
  /** Also takes a key that is another one than the known. */
  readonly replace: boolean;
  readonly confirm: Confirm | undefined;
  readonly kill: AbortSignal;
}

/**
 * Writes down the keys that hosts present, after a person has looked at them.
 * @throws E_HOST when a name is not in the inventory; as `meet`
 */
export async function trust(options: TrustOptions): Promise<number> {
  const { emit, replace } = options;
  const { inventory } = await readInventory(options.file, options.env);
  const names = hostNames(inventory, options.hosts);
  const { presented, silent } = await meet(names, {
    inventory,
    knownHosts: knownHostsOf(stateFolderOf(inventory), false),
    emit,
    confirm: options.confirm,
    signal: options.kill,
    replace,
  });
  for (const [host, error] of silent) emit({ type: 'host.failed', host, error });
  const trusted = presented.filter(({ state }) => state !== 'known').length;
  emit({
    type: 'result',
    text: `${keyTable(presented).join('\n')}\n${trusted === 0 ? 'All of them were known.' : `${trusted} of them are known from now on.`}\n`,
    data: {
      hosts: presented.map(({ sighting: { host, address, port, key }, state }) => ({
        host,
        address,
        port,
        type: key.type,
        fingerprint: key.fingerprint,
        state,
      })),
    },
  });
  if (silent.size === 0) return ExitCode.ok;
  return silent.size === names.length ? ExitCode.failed : ExitCode.someHostsFailed;
}

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
