import { visitFleet } from '../../cluster/visit-fleet.ts';
import { outcome } from '../../cluster/visit-hosts.ts';
import { refuseUnconfirmed } from '../../cluster/visit-procedure.ts';
import type { RunOptions } from '../../cluster/visit.ts';
import { hostNames } from '../../inventory/host-names.ts';
import { type Held, heldOn, takeFrom } from '../../run/held-lock.ts';
import { alive, onEach } from '../../run/fleet.ts';

export interface UnlockOptions extends RunOptions {
  readonly yes: boolean;
}

/**
 * Says who holds the cluster's lock, and takes it away from them when that is confirmed: their run ends with E_LOCK_LOST
 * before it changes anything more. The lock of a run that is dead needs no command.
 * @throws E_NOT_CONFIRMED
 */
export const unlock = (options: UnlockOptions): Promise<number> =>
  visitFleet(
    options,
    ({ inventory }) => hostNames(inventory, []),
    async ({ cluster, fleet }) => {
      const held = new Map<string, Held>();
      await onEach(fleet, alive(fleet), undefined, async (member) => {
        const found = await heldOn(fleet, member);
        if (found) held.set(member.name, found);
      });
      const locked = [...fleet.members.keys()].flatMap((host) => {
        const found = held.get(host);
        return found ? [{ host, by: found.by }] : [];
      });
      if (locked.length > 0) {
        for (const { host, by } of locked) {
          options.emit({ type: 'note', level: 'warn', host, message: `is being changed by ${by}` });
        }
        const question =
          'That run will end before its next step; what works now is finished. Better end it where it runs.';
        await refuseUnconfirmed(options, { question, word: cluster.inventory.name });
      }
      await onEach(
        fleet,
        alive(fleet).filter(({ name }) => held.has(name)),
        undefined,
        async (member) => {
          const found = held.get(member.name);
          if (found) await takeFrom(fleet, member, found);
        },
      );
      const taken = locked.filter(({ host }) => fleet.members.get(host)?.failed === undefined);
      options.emit({ type: 'result', answer: 'unlock', data: { taken } });
      return outcome(fleet);
    },
  );
