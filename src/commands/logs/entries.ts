/** One line of a journal. Plain data. */
export interface Entry {
  readonly host: string;
  /** Microseconds since 1970, by the host's clock. */
  readonly at: number;
  /** Program and process: `etcd[123]`. */
  readonly from: string;
  readonly message: string;
}

/** Reads what `journalctl -o json` prints, a line for each; lines that are something else are left out. */
export const readEntries = (host: string, text: string): Entry[] =>
  text.split('\n').flatMap((line): Entry[] => {
    const fields = parse(line);
    if (!fields) return [];
    const name = fields['SYSLOG_IDENTIFIER'] ?? fields['_COMM'] ?? fields['UNIT'] ?? '-';
    const pid = fields['_PID'] ?? fields['SYSLOG_PID'];
    return [
      {
        host,
        at: Number(fields['__REALTIME_TIMESTAMP'] ?? 0),
        from: pid === undefined ? words(name) : `${words(name)}[${words(pid)}]`,
        message: words(fields['MESSAGE']),
      },
    ];
  });

/** `2026-01-02T03:04:05.678Z  m1  etcd[12]: ready`; names padded to the longest. */
export function entryText({ host, at, from, message }: Entry, hosts: readonly string[]): string {
  const width = Math.max(...hosts.map(({ length }) => length));
  return `${new Date(at / 1000).toISOString()}  ${host.padEnd(width)}  ${from}: ${message}\n`;
}

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
