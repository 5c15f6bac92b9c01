import { ExitCode } from '../../kernel/errors.ts';
import type { Secret } from '../../kernel/secret.ts';
import type { Emit } from '../../run/events.ts';
import type { ClusterOptions } from '../../cluster/open.ts';
import { readInventory } from '../../cluster/read-inventory.ts';
import { knownHostsOf, stateFolderOf } from '../../cluster/connect.ts';
import { type Confirm, hostKeys, meet } from '../../cluster/first-contact.ts';
import { hostNames } from '../../inventory/host-names.ts';

export interface TrustOptions {
  readonly file: string;
  readonly env: ClusterOptions['env'];
  readonly emit: Emit;
  readonly secrets: Set<Secret>;
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
  const { inventory } = await readInventory(options.file, options.env, options.secrets);
  const names = hostNames(inventory, options.hosts);
  const { presented, silent } = await meet(names, {
    inventory,
    knownHosts: await knownHostsOf(stateFolderOf(inventory), false),
    emit,
    confirm: options.confirm,
    signal: options.kill,
    replace,
  });
  for (const [host, error] of silent) emit({ type: 'host.failed', host, error });
  emit({ type: 'result', answer: 'trust', data: { hosts: hostKeys(presented) } });
  if (silent.size === 0) return ExitCode.ok;
  return silent.size === names.length ? ExitCode.failed : ExitCode.someHostsFailed;
}
