import { isIPv4 } from 'node:net';
import type { Host, Inventory } from '../../inventory/types.ts';
import { parseCidr } from '../../kernel/cidr.ts';
import { ports } from '../../kernel/host-paths.ts';
import type { FirewallSpec } from '../../resources/network/firewall-rules.ts';

/** More sources than this would be hundreds of rules; the exports themselves say who may come in. */
const MOST_SOURCES = 16;

/** What clients must reach on a server. NFS itself is TCP; what version 3 has around it is asked by either. */
export function nfsPorts({ nfs }: Inventory, { name }: Host): string[] {
  if (!nfs?.hosts.includes(name)) return [];
  const { mountd, statd, lockd } = nfs.ports;
  const helpers = nfs.protocol === 'all' ? [ports.rpcbind, mountd, statd, lockd] : [];
  return [`${ports.nfs}/tcp`, ...helpers.flatMap((port) => [`${port}/tcp`, `${port}/udp`])];
}

/**
 * The same for the addresses of the clients alone; `undefined` where these are not known, as of names, or too many.
 * @see https://firewalld.org/documentation/man-pages/firewalld.richlanguage.html
 */
export function nfsPortsFor(inventory: Inventory, host: Host): FirewallSpec['portsFor'] | undefined {
  const exports = (inventory.nfs?.exports ?? []).filter((entry) => entry.host === host.name);
  const sources = [...new Set(exports.flatMap(({ clients }) => clients.map(({ match }) => match)))];
  const known = sources.every((source) => isIPv4(source.split('/')[0] ?? ''));
  if (!known) return undefined;
  const apart = sources.filter(
    (source) => !sources.some((other) => other !== source && isWithin(source, other)),
  );
  if (apart.length > MOST_SOURCES) return undefined;
  return apart.flatMap((source) => nfsPorts(inventory, host).map((port) => ({ source, port })));
}

function isWithin(inner: string, outer: string): boolean {
  const [small, large] = [inner, outer].map((text) => parseCidr(text.includes('/') ? text : `${text}/32`));
  return small !== undefined && large !== undefined && small.first >= large.first && small.last <= large.last;
}
