import { readable } from '../kernel/quotable.ts';
import { quote } from '../kernel/quote.ts';
import { lastWords } from '../resources/journal.ts';
import { type Fleet, type Member, runOn } from './fleet.ts';

/** Shell that prints the state of units, what is put over them, and their last words. */
export const wordsOf = (units: readonly string[]): string =>
  units
    .map(
      (unit) =>
        `echo "-- $(systemctl is-active ${quote(unit)}) ${unit}"; ${dropInsOf(unit)}; ${lastWords(unit, 12)}`,
    )
    .join('\n');

/** What others have put over a unit may be why it does not run. */
const dropInsOf = (unit: string): string =>
  `d=$(systemctl show -p DropInPaths ${quote(unit)}); [ -z "\${d#DropInPaths=}" ] || echo "-- changed by \${d#DropInPaths=}"`;

/** The last lines of the units' journals, for an error; empty when even that cannot be had. */
export async function journalOf(fleet: Fleet, member: Member, units: readonly string[]): Promise<string> {
  if (units.length === 0) return '';
  try {
    const result = await runOn(fleet, member, { script: wordsOf(units), timeoutMs: 10_000 });
    return readable(result.stdout.toString('utf8').trim());
  } catch {
    return '';
  }
}
