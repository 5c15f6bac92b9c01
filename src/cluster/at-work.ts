import { factsOf } from '../facts/facts.ts';
import { quotable } from '../kernel/quotable.ts';
import type { Emit } from '../run/events.ts';
import { type Fleet, alive } from '../run/fleet.ts';

/** Says of hosts that somebody changes them at this moment: what was seen there may be half done. */
export function tellAtWork(emit: Emit, fleet: Fleet): void {
  for (const { name, seen } of alive(fleet)) {
    const { workedOnBy } = factsOf(seen);
    if (workedOnBy === undefined) continue;
    const message = `is being changed by ${quotable(workedOnBy)}: what was seen of it may be half done`;
    emit({ type: 'note', level: 'warn', host: name, message });
  }
}
