import { BootstrapError } from '../../kernel/errors.ts';
import { tokensPath } from '../../phases/control-plane/user-tokens.ts';
import { quotable } from '../../kernel/quotable.ts';
import { paths } from '../../kernel/host-paths.ts';
import type { Holdings } from './holdings.ts';

/**
 * Rows of others may differ from master to master; keys may not.
 * @throws E_ADOPT
 */
export function refuseDisagreement(found: ReadonlyMap<string, Holdings>): void {
  const [first, ...others] = [...found];
  if (!first) return;
  const [master, held] = first;
  for (const [other, theirs] of others) {
    const all = new Set([...held.keys(), ...theirs.keys()]);
    const odd = [...all].find(
      (path) => path !== tokensPath && held.get(path)?.reveal() !== theirs.get(path)?.reveal(),
    );
    if (odd === undefined) continue;
    throw new BootstrapError('E_ADOPT', `${master} and ${other} do not have the same ${odd}`, {
      hint: 'Find out which of them is right, and leave the other out of the inventory for this command. Nothing was written.',
    });
  }
}

/**
 * @param name of the cluster in the inventory
 * @throws E_ADOPT when the host says it is no master of it
 */
export function refuseForeign(held: Holdings, master: string, name: string): void {
  const text = held.get(paths.cluster)?.reveal();
  const found = /^name (.*)$/m.exec(text ?? '')?.[1];
  if (found === name) return;
  const problem =
    found === undefined
      ? 'has no cluster of this program'
      : `belongs to the cluster "${quotable(found)}", not to "${name}"`;
  throw new BootstrapError('E_ADOPT', `${master} ${problem}`, {
    hint: 'Check name: and the hosts in the inventory. Nothing was written.',
  });
}
