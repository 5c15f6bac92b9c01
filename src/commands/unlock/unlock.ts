import { visitFleet } from '../../cluster/visit-fleet.ts';
import { lostIn, outcome } from '../../cluster/visit-hosts.ts';
import { refuseUnconfirmed } from '../../cluster/visit-procedure.ts';
import type { RunOptions } from '../../cluster/visit.ts';
import { hostNames } from '../../inventory/host-names.ts';
import { type Held, heldOn, takeFrom } from '../../run/held-lock.ts';
import { type Fleet, alive, onEach } from '../../run/fleet.ts';
import { stopIfAsked } from '../../run/stop.ts';

export interface UnlockOptions extends RunOptions {
  readonly yes: boolean;
}

/**
 * Says who holds the cluster's lock, and takes it away from them when that is confirmed: their run changes nothing more.
 * The lock of a run that is dead needs no command.
 * @throws E_NOT_CONFIRMED
 */
export const unlock = (options: UnlockOptions): Promise<number> =>
  visitFleet(
    options,
    ({ inventory }) => hostNames(inventory, []),
    async ({ cluster, fleet }) => {
      const told = await locks(fleet);
      for (const [host, { by }] of told) {
        options.emit({ type: 'note', level: 'warn', host, message: `is being changed by ${by}` });
      }
      const taken: string[] = [];
      if (told.size > 0) {
        const question =
          'That run will begin no further step; what works now is finished. Better end it where it runs.';
        await refuseUnconfirmed(options, { question, word: cluster.inventory.name });
        stopIfAsked(options.stop);
        // It may have come to more hosts while the question stood; another run was not asked about.
        const meant = new Set([...told.values()].map(({ token }) => token));
        options.emit({ type: 'note', level: 'info', message: WAIT });
        const now = await locks(fleet);
        await onEach(fleet, alive(fleet), undefined, async (member) => {
          const found = now.get(member.name);
          if (!found || !meant.has(found.token)) return;
          await takeFrom(fleet, member, found);
          taken.push(member.name);
        });
      }
      const held = [...told].map(([host, { by }]) => ({ host, by }));
      const notAsked = lostIn(fleet).filter((host) => !told.has(host));
      options.emit({ type: 'result', answer: 'unlock', data: { held, taken, notAsked } });
      return outcome(fleet);
    },
  );

const WAIT = 'waiting until it lets go: some seconds, and as long as what works there now takes';

/** Who holds which host, of those that can be asked. */
async function locks(fleet: Fleet): Promise<ReadonlyMap<string, Held>> {
  const found = new Map<string, Held>();
  await onEach(fleet, alive(fleet), undefined, async (member) => {
    const held = await heldOn(fleet, member);
    if (held) found.set(member.name, held);
  });
  return found;
}
