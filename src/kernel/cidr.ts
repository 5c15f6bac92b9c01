import { isIPv4 } from 'node:net';
import { BootstrapError } from './errors.ts';

/** An IPv4 range as numbers: `first` and `last` are inclusive. */
export interface Range {
  readonly first: number;
  readonly last: number;
  readonly prefix: number;
}

const toNumber = (ip: string): number => ip.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);

const toAddress = (value: number): string =>
  [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');

/**
 * Reads `10.0.0.0/16`. Host bits must be zero, as Kubernetes expects.
 * @throws E_CIDR naming the value and what would be right
 */
export function parseCidr(text: string): Range {
  const [address = '', bits = '', ...more] = text.split('/');
  if (!isIPv4(address) || !/^\d{1,2}$/.test(bits) || Number(bits) > 32 || more.length > 0) {
    throw new BootstrapError('E_CIDR', `"${text}" is not an IPv4 range`, {
      hint: 'Write it like 10.0.0.0/16.',
    });
  }
  const size = 2 ** (32 - Number(bits));
  const value = toNumber(address);
  const first = value - (value % size);
  if (first !== value) {
    const right = `${toAddress(first)}/${bits}`;
    throw new BootstrapError('E_CIDR', `"${text}" has host bits set`, { hint: `Did you mean ${right}?` });
  }
  return { first, last: first + size - 1, prefix: Number(bits) };
}

/** The network of so many bits in which an address lies. */
export function networkAround(ip: string, prefix: number): Range {
  const size = 2 ** (32 - prefix);
  const value = toNumber(ip);
  const first = value - (value % size);
  return { first, last: first + size - 1, prefix };
}

export const contains = (range: Range, ip: string): boolean => {
  const value = toNumber(ip);
  return value >= range.first && value <= range.last;
};

export const overlaps = (a: Range, b: Range): boolean => a.first <= b.last && b.first <= a.last;

/** The nth address of a range, counted from its first: `nthAddress('10.0.0.0/16', 1)` is `10.0.0.1`. */
export function nthAddress(cidr: string, n: number): string {
  const range = parseCidr(cidr);
  if (range.first + n > range.last) throw new BootstrapError('E_CIDR', `${cidr} has no address number ${n}`);
  return toAddress(range.first + n);
}

/** The subnets of a given prefix length within a range, in order. */
export function* subnets(cidr: string, prefix: number): Generator<string> {
  const range = parseCidr(cidr);
  for (let first = range.first; first <= range.last; first += 2 ** (32 - prefix))
    yield `${toAddress(first)}/${prefix}`;
}
