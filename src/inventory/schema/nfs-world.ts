import type ipaddr from 'ipaddr.js';
import { once } from '../../kernel/once-per.ts';
import { rangeOf } from './nfs-clients.ts';

/**
 * Which of an export's clients together are anybody: `*`, patterns for names that anybody can give his address, and
 * ranges that together are more of the public addresses than one network owns.
 */
export function worldOf(matches: readonly string[]): string[] {
  const anybody = matches.filter((match) => match === '*' || isOpenPattern(match));
  if (anybody.length > 0) return anybody;
  const ranges = matches.flatMap((match) => {
    const range = intervalOf(match);
    return range ? [{ match, ...range }] : [];
  });
  const many = limits().flatMap(({ within, most }) => {
    const there = ranges.filter((range) => sizeOf(publicPart([range], within)) > 0n);
    return sizeOf(publicPart(there, within)) > most ? there.map(({ match }) => match) : [];
  });
  return [...new Set(many)];
}

/** Endings that are no public domain: RFC 2606, RFC 6762 appendix G, RFC 8375, and CentOS' own. */
const PRIVATE_ENDING =
  /^(?:corp|home|home\.arpa|internal|intranet|lan|local|localdomain|localhost|private|test)$/i;

/** Names are looked up from addresses, by whoever owns those: only a fixed domain at the end says who. */
function isOpenPattern(match: string): boolean {
  if (match.startsWith('@') || !/[*?]/.test(match)) return false;
  const ending = /[*?]([^*?]*)$/.exec(match)?.[1] ?? '';
  const domain = ending.slice(ending.indexOf('.') + 1);
  if (!ending.includes('.') || domain === '') return true;
  return !domain.includes('.') && !PRIVATE_ENDING.test(domain);
}

/** Both ends are part of it; IPv4 has its place among the addresses of IPv6, ::ffff:0:0/96. */
interface Interval {
  readonly first: bigint;
  readonly last: bigint;
}

function intervalOf(match: string): Interval | undefined {
  const range = rangeOf(match);
  if (range === undefined) return undefined;
  const [address, bits] = range;
  const mapped = address.kind() === 'ipv4';
  const bytes = (mapped ? (address as ipaddr.IPv4).toIPv4MappedAddress() : address).toByteArray();
  const first = bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
  return { first, last: first + (1n << BigInt(128 - (mapped ? bits + 96 : bits))) - 1n };
}

const interval = (text: string): Interval => {
  const found = intervalOf(text);
  return found ?? { first: 0n, last: -1n };
};

/** The biggest networks own a /8 of IPv4, a /19 of IPv6. Worked out where there are exports only. */
const limits = once(() => [
  { within: interval('::ffff:0:0/96'), most: 1n << 24n },
  { within: interval('2000::/3'), most: 1n << 109n },
]);

/** Addresses that reach nobody from outside: https://www.iana.org/assignments/iana-ipv4-special-registry */
const privateRanges = once(() =>
  ['10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12']
    .concat(['192.168.0.0/16', '198.18.0.0/15'])
    .map(interval),
);

/** The union of ranges within another, without what is private, as intervals that are apart. */
function publicPart(ranges: readonly Interval[], within: Interval): Interval[] {
  const cut = ranges
    .map(({ first, last }) => ({
      first: first > within.first ? first : within.first,
      last: last < within.last ? last : within.last,
    }))
    .filter(({ first, last }) => first <= last)
    .sort((a, b) => (a.first < b.first ? -1 : 1));
  const apart: Interval[] = [];
  for (const next of cut) {
    const before = apart.at(-1);
    if (before === undefined || next.first > before.last) apart.push(next);
    else if (next.last > before.last) apart.splice(-1, 1, { first: before.first, last: next.last });
  }
  return privateRanges().reduce((rest, hole) => rest.flatMap((one) => without(one, hole)), apart);
}

const without = ({ first, last }: Interval, hole: Interval): Interval[] =>
  hole.last < first || hole.first > last
    ? [{ first, last }]
    : [
        { first, last: hole.first - 1n },
        { first: hole.last + 1n, last },
      ].filter((part) => part.first <= part.last);

const sizeOf = (intervals: readonly Interval[]): bigint =>
  intervals.reduce((sum, { first, last }) => sum + last - first + 1n, 0n);
