import type { JournalEntry } from '../../answers/hosts.ts';

/** Reads what `journalctl -o json` prints, a line for each; lines that are something else are left out. */
export const readEntries = (host: string, text: string): JournalEntry[] =>
  text.split('\n').flatMap((line): JournalEntry[] => {
    const fields = parse(line);
    if (!fields) return [];
    const name = fields['SYSLOG_IDENTIFIER'] ?? fields['_COMM'] ?? fields['UNIT'] ?? '-';
    const at = Number(fields['__REALTIME_TIMESTAMP']);
    const pid = fields['_PID'] ?? fields['SYSLOG_PID'];
    return [
      {
        host,
        at: Number.isSafeInteger(at) ? at : 0,
        from: pid === undefined ? words(name) : `${words(name)}[${words(pid)}]`,
        message: words(fields['MESSAGE']),
      },
    ];
  });

function parse(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined; // a line that was cut
  }
}

/** A value that is no UTF-8 comes as a list of bytes, one that is too long as null. */
function words(value: unknown): string {
  if (typeof value === 'string') return value;
  return Array.isArray(value) ? Buffer.from(value as number[]).toString('latin1') : '(left out)';
}
