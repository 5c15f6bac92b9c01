import { readFileSync } from 'node:fs';
import { load } from 'js-yaml';
import { quote } from '../kernel/quote.ts';
import { runScript } from '../transport/feed.ts';
import { type Fleet, type Member, sessionOf } from './fleet.ts';

interface KnownError {
  readonly pattern: string;
  readonly code: string;
  readonly hint: string;
}

/** The known error that a text shows, if any. */
export function hintFor(text: string): KnownError | undefined {
  return knownErrors().find(({ pattern }) => new RegExp(pattern, 'i').test(text));
}

/**
 * What a component prints below a complaint about its flags: 150 lines of them, indented, under headings.
 * They would leave no room for the complaint.
 */
const USAGE = '^(  |[[:space:]]*$|Usage:|[A-Z][A-Za-z/ ]* flags:$)';

/** The last lines of the units' journals, for an error; empty when even that cannot be had. */
export async function journalOf(fleet: Fleet, member: Member, units: readonly string[]): Promise<string> {
  if (units.length === 0) return '';
  const script = units
    .map(
      (unit) =>
        `echo "-- $(systemctl is-active ${quote(unit)}) ${unit}"; journalctl -u ${quote(unit)} -n 400 --no-pager -o cat | grep -vE ${quote(USAGE)} | tail -n 12`,
    )
    .join('\n');
  try {
    const result = await runScript(sessionOf(member), { script, timeoutMs: 10_000, signal: fleet.kill });
    return result.stdout.toString('utf8').trim();
  } catch {
    return '';
  }
}

let loaded: readonly KnownError[] | undefined;

function knownErrors(): readonly KnownError[] {
  loaded ??= load(
    readFileSync(new URL('../../release/known-errors.yaml', import.meta.url), 'utf8'),
  ) as KnownError[];
  return loaded;
}
