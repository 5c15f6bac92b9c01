import { readData } from '../kernel/data.ts';
import { quote } from '../kernel/quote.ts';
import { lastWords } from '../resources/journal.ts';
import { type Fleet, type Member, runOn } from './fleet.ts';

interface KnownError {
  readonly pattern: string;
  readonly code: string;
  readonly hint: string;
}

/** The known error that a text shows, if any. */
export function hintFor(text: string): KnownError | undefined {
  return knownErrors().find(({ pattern }) => new RegExp(pattern, 'i').test(text));
}

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

let loaded: readonly KnownError[] | undefined;

function knownErrors(): readonly KnownError[] {
  loaded ??= readData('release/known-errors.yaml') as KnownError[];
  return loaded;
}
