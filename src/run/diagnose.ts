import { quote } from '../kernel/quote.ts';
import { lastWords } from '../resources/journal.ts';
import { type Fleet, type Member, runOn } from './fleet.ts';

/** The last lines of the units' journals, for an error; empty when even that cannot be had. */
export async function journalOf(fleet: Fleet, member: Member, units: readonly string[]): Promise<string> {
  if (units.length === 0) return '';
  const script = units
    .map((unit) => `echo "-- $(systemctl is-active ${quote(unit)}) ${unit}"; ${lastWords(unit, 12)}`)
    .join('\n');
  try {
    const result = await runOn(fleet, member, { script, timeoutMs: 10_000 });
    return result.stdout.toString('utf8').trim();
  } catch {
    return '';
  }
}
