import type { HostKey, TrustedHosts } from '../../answers/hosts.ts';
import { table } from '../table.ts';

export function trustText({ hosts }: TrustedHosts): string {
  const fresh = hosts.filter(({ state }) => state !== 'known').length;
  const end = fresh === 0 ? 'All of them were known.' : `${fresh} of them are known from now on.`;
  return `${keyTable(hosts).join('\n')}\n${end}\n`;
}

/** `m1  198.18.0.11:22  ssh-ed25519  SHA256:…  changed`, under a heading. */
export const keyTable = (keys: readonly HostKey[]): string[] =>
  table([
    ['HOST', 'ADDRESS', 'TYPE', 'FINGERPRINT', 'STATE'],
    ...keys.map(({ host, address, port, type, fingerprint, state }) => [
      host,
      `${address}:${port}`,
      type,
      fingerprint,
      state,
    ]),
  ]);
