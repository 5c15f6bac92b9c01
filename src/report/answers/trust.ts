import type { HostKey, TrustedHosts } from '../../answers/hosts.ts';
import { table } from '../table.ts';

export function trustText({ hosts }: TrustedHosts): string {
  const fresh = hosts.filter(({ state }) => state !== 'known').length;
  const end = fresh === 0 ? 'All of them were known.' : `${fresh} of them are known from now on.`;
  return `${keyTable(hosts).join('\n')}\n${end}\n`;
}

/**
 * `m1  198.18.0.11  ed25519 SHA256:…`, under a heading: the type as in the name of the host's file. The state stands
 * there unless it is new for all.
 */
export function keyTable(keys: readonly HostKey[]): string[] {
  const states = keys.some(({ state }) => state !== 'new');
  const heading = ['HOST', 'ADDRESS', 'KEY', 'STATE'];
  const rows = keys.map(({ host, address, port, type, fingerprint, state }) => [
    host,
    port === SSH_PORT ? address : `${address}:${port}`,
    `${type.replace(/^ssh-|-sha2-.*/g, '')} ${fingerprint}`,
    state,
  ]);
  return table([heading, ...rows].map((row) => (states ? row : row.slice(0, -1))));
}

const SSH_PORT = 22;
