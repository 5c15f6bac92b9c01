import { type Range, contains, overlaps, parseCidr, subnets } from '../../kernel/cidr.ts';
import type { HostFacts } from '../../facts/facts.ts';
import { foreignNetworks } from '../../preflight/network.ts';

/**
 * Names for nodes from the hosts' own: their first part, in the letters that a node may have. Hosts that say nothing
 * (`localhost`), or what others say too, get `node1`, `node2`, … by position, or the next that no host has.
 */
export function nodeNames(hostnames: readonly string[]): readonly string[] {
  const own = hostnames.map((hostname) =>
    (hostname.split('.')[0] ?? '')
      .toLowerCase()
      .replaceAll(/[^a-z0-9-]+/g, '-')
      .slice(0, 63)
      .replaceAll(/^-+|-+$/g, ''),
  );
  const isOne = (name: string): boolean =>
    name !== '' && name !== 'localhost' && own.filter((other) => other === name).length === 1;
  const taken = new Set(own.filter(isOne));
  return own.map((name, index) => {
    if (isOne(name)) return name;
    let number = index + 1;
    while (taken.has(`node${number}`)) number += 1;
    taken.add(`node${number}`);
    return `node${number}`;
  });
}

/** The address by which other hosts reach it: that of the wanted interface; without one the dialled one if the host has it, else that of its way out. */
export function nodeAddress(
  dialled: string,
  { addresses, defaultInterface }: HostFacts,
  wanted?: string,
): string | undefined {
  if (wanted !== undefined) return addresses.find((one) => one.interface === wanted)?.ip;
  const ips = addresses.map(({ ip }) => ip);
  if (ips.includes(dialled)) return dialled;
  return addresses.find((one) => one.interface === defaultInterface)?.ip ?? ips[0];
}

/** Networks that the hosts are in or have routes to, sorted, each once. */
export const networksOf = (facts: readonly HostFacts[]): readonly string[] => {
  const own = facts.map(foreignNetworks);
  const ranges = own.flatMap(({ routes }) => routes.map(({ to }) => to));
  const inRange = (ip: string): boolean => ranges.some((range) => contains(parseCidr(range), ip));
  const alone = own
    .flatMap(({ addresses }) => addresses.map(({ ip }) => ip))
    .filter((ip) => !ip.startsWith('127.') && !inRange(ip));
  return [...new Set([...ranges, ...alone.map((ip) => `${ip}/32`)])].sort();
};

/** The usual ranges first; then private ones in which few put their hosts. */
const SERVICE_RANGES = ['10.96.0.0/16', '10.112.0.0/16', '172.22.0.0/16', '192.168.192.0/20'];
const POD_RANGES = ['10.244.0.0/16', '10.200.0.0/16', '172.23.0.0/16', '192.168.208.0/20'];

export interface Ranges {
  readonly serviceCIDR: string;
  readonly podCIDR: string;
}

/** Ranges for services and pods that none of the taken networks overlaps; given ones stay. */
export function chooseRanges(taken: readonly string[], given: Partial<Ranges> = {}): Ranges {
  const inUse = taken.map(parseCidr);
  const serviceCIDR =
    given.serviceCIDR ?? free(SERVICE_RANGES, given.podCIDR ? [...inUse, parseCidr(given.podCIDR)] : inUse);
  const podCIDR = given.podCIDR ?? free(POD_RANGES, [...inUse, parseCidr(serviceCIDR)]);
  return { serviceCIDR, podCIDR };
}

/** The first of the candidates that is free, else of all /16 of 10.0.0.0/8; the first candidate when nothing is. */
function free(candidates: readonly string[], inUse: readonly Range[]): string {
  const isFree = (cidr: string): boolean => !inUse.some((range) => overlaps(range, parseCidr(cidr)));
  return [...candidates, ...subnets('10.0.0.0/8', 16)].find(isFree) ?? candidates[0] ?? '';
}
