import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** What a client of an export may be called, apart from addresses: https://man7.org/linux/man-pages/man5/exports.5.html#Machine_Name_Formats */
const NAME = /^(?=.{1,253}$)[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?$/;
const WILDCARD = /^(?=.*[*?])[A-Za-z0-9_.*?-]{1,253}$/;
const NETGROUP = /^@[A-Za-z0-9_.-]{1,253}$/;

/** What is wrong with a client as it is written, and what would be right, or nothing. */
export function clientProblem(
  match: string,
): { readonly message: string; readonly hint?: string } | undefined {
  if (match.includes('/')) return rangeProblem(match);
  if (isIP(match) > 0 || NETGROUP.test(match) || WILDCARD.test(match)) return undefined;
  if (NAME.test(match) && !/^[\d.]+$/.test(match)) return undefined;
  return {
    message: `${JSON.stringify(match)} is no client of an export`,
    hint: 'A range (192.168.139.0/24), an address, a name, *.example.com, @netgroup, or * for everybody.',
  };
}

function rangeProblem(match: string): ReturnType<typeof clientProblem> {
  const [address = '', bits = ''] = match.split('/');
  const version = isIP(address);
  if (version === 0 || !/^\d{1,3}$/.test(bits) || Number(bits) > (version === 4 ? 32 : 128)) {
    return {
      message: `${JSON.stringify(match)} is not a range of addresses`,
      hint: 'Write it like 192.168.139.0/24 or 2001:db8::/64.',
    };
  }
  const parsed = ipaddr.parse(address);
  const first = firstOf(parsed.toByteArray(), Number(bits));
  if (String(first) === String(parsed.toByteArray())) return undefined;
  const right = ipaddr.fromByteArray(first).toString();
  return { message: `"${match}" has host bits set`, hint: `Did you mean ${right}/${bits}?` };
}

/** Bytes of the first address of a range. */
const firstOf = (bytes: readonly number[], bits: number): number[] =>
  bytes.map((byte, index) => {
    const kept = Math.min(8, Math.max(0, bits - 8 * index));
    return byte & ((0xff << (8 - kept)) & 0xff);
  });

const isWorld = (match: string): boolean => match === '*';

type Range = readonly [address: ipaddr.IPv4 | ipaddr.IPv6, bits: number];

/** A client as a range of addresses; `undefined` for names, of which nothing is known. */
export function rangeOf(match: string): Range | undefined {
  if (isWorld(match) || clientProblem(match) !== undefined) return undefined;
  if (match.includes('/')) return ipaddr.parseCIDR(match);
  if (isIP(match) === 0) return undefined;
  const address = ipaddr.parse(match);
  return [address, address.kind() === 'ipv4' ? 32 : 128];
}

/** Whether a client certainly has an address; a name or netgroup may have any. */
export function covers(match: string, ip: string): boolean {
  if (isWorld(match)) return true;
  const range = rangeOf(match);
  return range === undefined ? true : contains(range, [ipaddr.parse(ip), isIP(ip) === 4 ? 32 : 128]);
}

/** Whether one client certainly is part of the other. */
export function overlap(one: string, other: string): boolean {
  if (one === other || isWorld(one) || isWorld(other)) return true;
  const [a, b] = [rangeOf(one), rangeOf(other)];
  return a !== undefined && b !== undefined && (contains(a, b) || contains(b, a));
}

const contains = ([address, bits]: Range, [inner, innerBits]: Range): boolean =>
  address.kind() === inner.kind() && innerBits >= bits && inner.match(address, bits);
