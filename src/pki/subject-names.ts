import { isIPv4 } from 'node:net';
import { domainToASCII } from 'node:url';
import { BootstrapError } from '../kernel/errors.ts';

/** Upper bound of CN and O in RFC 5280, appendix A. */
const MAX_SUBJECT = 64;

const LABEL = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
const DNS_NAME = new RegExp(`^(?:\\*\\.)?${LABEL}(?:\\.${LABEL})*$`);

/**
 * Checks a CN or an O: what Kubernetes will take for a user or a group.
 * @throws E_CERT_SUBJECT when empty, longer than 64 characters, or with control or direction characters
 */
export function subjectValue(value: string): string {
  const shown = JSON.stringify(value);
  const problem = subjectProblem(value);
  if (problem !== undefined) {
    throw new BootstrapError('E_CERT_SUBJECT', `${shown} cannot be a certificate subject: ${problem}`, {
      hint: 'Choose a shorter, plain name; "system:node:" before a node name leaves 52 characters for it.',
    });
  }
  return value;
}

/**
 * The canonical form of an IP address for a SAN. Libraries repair bad addresses silently, so nothing but this is asked.
 * @throws E_CERT_SAN for anything but a plain IPv4 or IPv6 address
 */
export function ipAddress(value: string): string {
  if (isIPv4(value)) return value;
  const canonical = canonicalIPv6(value);
  if (canonical === undefined) throw badSan(value, 'not an IP address');
  if (canonical.startsWith('::ffff:'))
    throw badSan(value, 'an IPv4 address in IPv6 form', 'Write it as IPv4.');
  return canonical;
}

/**
 * The canonical form of a DNS name for a SAN: lower case, punycode. A leading `*.` is allowed.
 * @throws E_CERT_SAN unless it is a name by RFC 1123
 */
export function dnsName(value: string): string {
  // Checked first, because domainToASCII drops line breaks and decodes what is percent-encoded.
  if (/[^\p{L}\p{M}\p{N}.*-]/u.test(value)) throw badSan(value, 'not a DNS name');
  const name = domainToASCII(value);
  if (name.length > 253 || !DNS_NAME.test(name)) throw badSan(value, 'not a DNS name');
  // A top-level label starts with a letter (RFC 1123, 2.1); this is what tells 01.2.3.4 or 10.0.0.1x from a name.
  if (name.includes('.') && !/\.[a-z][^.]*$/.test(name))
    throw badSan(value, 'neither a DNS name nor an IP address');
  return name;
}

/** Sorts names and addresses into the two kinds of SAN, canonical and without duplicates, in the order given. */
export function subjectAltNames(values: Iterable<string>): { dnsNames: string[]; ips: string[] } {
  const dnsNames = new Set<string>();
  const ips = new Set<string>();
  for (const value of values) {
    if (isIPv4(value) || canonicalIPv6(value) !== undefined) ips.add(ipAddress(value));
    else dnsNames.add(dnsName(value));
  }
  return { dnsNames: [...dnsNames], ips: [...ips] };
}

/** As a URL has it. Node's `isIPv6` compiles 2 kB of regular expression at its first call, which takes 4 ms. */
const canonicalIPv6 = (value: string): string | undefined =>
  /^[\da-f:.]*:[\da-f:.]*$/i.test(value) && URL.canParse(`http://[${value}]/`)
    ? new URL(`http://[${value}]/`).hostname.slice(1, -1)
    : undefined;

function subjectProblem(value: string): string | undefined {
  if (value === '') return 'it is empty';
  if (value !== value.trim()) return 'it begins or ends with a space';
  if (/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(value)) return 'it holds characters that cannot be shown';
  const { length } = Array.from(value);
  return length > MAX_SUBJECT ? `it has ${length} characters, ${MAX_SUBJECT} are allowed` : undefined;
}

const badSan = (
  value: string,
  what: string,
  hint = 'Check the names and addresses in the inventory.',
): BootstrapError =>
  new BootstrapError('E_CERT_SAN', `${JSON.stringify(value)} cannot go into a certificate: ${what}`, {
    hint,
  });
