import type { JournalEntry } from '../../answers/hosts.ts';
import type { How } from './how.ts';

/** `2026-01-02T03:04:05.678Z  m1  etcd[12]: ready`; names padded to the longest. */
export function logsText({ host, at, from, message }: JournalEntry, { hosts }: Pick<How, 'hosts'>): string {
  const width = Math.max(0, ...hosts.map(({ length }) => length));
  return `${new Date(at / 1000).toISOString()}  ${host.padEnd(width)}  ${from}: ${message}\n`;
}
