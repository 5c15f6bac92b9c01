import { createHash, createHmac } from 'node:crypto';
import { groupBy } from '../kernel/group-by.ts';
import { oncePer } from '../kernel/once-per.ts';

/** A host's public key as it travels: the blob of RFC 4253 section 6.6, whose first field is the type. */
export interface HostKey {
  readonly type: string;
  readonly blob: Buffer;
  /** `SHA256:…`, as ssh-keygen prints it. */
  readonly fingerprint: string;
}

/** A known_hosts file (sshd(8), section "SSH_KNOWN_HOSTS FILE FORMAT"). */
export interface KnownHosts {
  readonly lines: readonly KnownHostLine[];
  /** Lines that are neither empty, a comment nor understood: they never make a host known. */
  readonly problems: readonly { readonly line: number; readonly reason: string }[];
}

export interface KnownHostLine {
  readonly marker: 'none' | 'revoked' | 'cert-authority';
  readonly hosts: string;
  readonly key: HostKey;
}

/** What the files say about one host and port. */
export interface KnownKeys {
  readonly keys: readonly HostKey[];
  readonly revoked: readonly HostKey[];
  /** A `@cert-authority` line is meant for this host; host certificates are not supported, so it proves nothing. */
  readonly authority: boolean;
}

export type Verdict =
  | { readonly state: 'known' | 'unknown' | 'revoked' }
  | { readonly state: 'changed'; readonly expected: readonly HostKey[] };

export function fingerprint(blob: Buffer): string {
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;
}

/** Reads a public key blob; `undefined` when it isn't one. */
export function hostKey(blob: Buffer): HostKey | undefined {
  const length = blob.length > 4 ? blob.readUInt32BE(0) : 0;
  const type = blob.toString('latin1', 4, 4 + length);
  return length > 0 && /^[a-z0-9@.-]+$/.test(type) && blob.length > 4 + length
    ? { type, blob, fingerprint: fingerprint(blob) }
    : undefined;
}

export function parseKnownHosts(text: string): KnownHosts {
  const lines: KnownHostLine[] = [];
  const problems: { line: number; reason: string }[] = [];
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const parsed = parseLine(line);
    if (typeof parsed === 'string') problems.push({ line: index + 1, reason: parsed });
    else lines.push(parsed);
  }
  return { lines, problems };
}

/** Port 22 is looked up by name or address alone, any other as `[host]:port`, as OpenSSH writes it. */
export function lookup(known: KnownHosts, host: string, port: number): KnownKeys {
  const name = knownHostsName(host, port);
  const { named, others } = indexed(known);
  const lines = [
    ...(named.get(name) ?? []).map(({ line }) => line),
    ...others.filter((line) => matches(line.hosts, name)),
  ];
  const keysOf = (marker: KnownHostLine['marker']): HostKey[] =>
    lines.filter((line) => line.marker === marker).map((line) => line.key);
  return { keys: keysOf('none'), revoked: keysOf('revoked'), authority: keysOf('cert-authority').length > 0 };
}

/** Lines by the names they give, and those that have to be compared one by one: patterns and hashes. */
const indexed = oncePer(({ lines }: KnownHosts) => {
  const isPlain = ({ hosts }: KnownHostLine): boolean => !/[|*?!]/.test(hosts);
  const plain = lines.filter(isPlain);
  const named = plain.flatMap((line) =>
    line.hosts
      .toLowerCase()
      .split(',')
      .map((name) => ({ name, line })),
  );
  return {
    named: groupBy(named, ({ name }) => name),
    others: lines.filter((line) => !isPlain(line)),
  };
});

/** Judges the key that a host presented by what is known about it. */
export function judgeHostKey(known: KnownKeys, presented: HostKey): Verdict {
  const has = (keys: readonly HostKey[]): boolean => keys.some((key) => key.blob.equals(presented.blob));
  if (has(known.revoked)) return { state: 'revoked' };
  if (has(known.keys)) return { state: 'known' };
  return known.keys.length > 0 ? { state: 'changed', expected: known.keys } : { state: 'unknown' };
}

export function knownHostsName(host: string, port: number): string {
  return (port === 22 ? host : `[${host}]:${port}`).toLowerCase();
}

/** A line for a known_hosts file, without its newline. */
export function formatLine(host: string, port: number, key: HostKey): string {
  return `${knownHostsName(host, port)} ${key.type} ${key.blob.toString('base64')}`;
}

/** The text without the lines that make this host known; revocations, patterns and comments stay. */
export function withoutHost(text: string, host: string, port: number): string {
  const name = knownHostsName(host, port);
  return text
    .split('\n')
    .filter((raw) => {
      const line = parseLine(raw.trim());
      const names =
        typeof line === 'string' || line.marker !== 'none' ? [] : line.hosts.toLowerCase().split(',');
      return !names.includes(name) && !(names[0]?.startsWith('|1|') && matches(names[0], name));
    })
    .join('\n');
}

function parseLine(line: string): KnownHostLine | string {
  const fields = line.split(/[ \t]+/);
  const marker = line.startsWith('@') ? fields.shift()?.slice(1) : 'none';
  if (marker !== 'none' && marker !== 'revoked' && marker !== 'cert-authority')
    return `unknown marker @${marker ?? ''}`;
  const [hosts, type, encoded] = fields;
  if (hosts === undefined || type === undefined || encoded === undefined)
    return 'needs hosts, key type and key';
  const key = hostKey(Buffer.from(encoded, 'base64'));
  if (key?.type !== type) return `the key is not a valid ${type} key`;
  return { marker, hosts, key };
}

function matches(hosts: string, name: string): boolean {
  if (hosts.startsWith('|')) return matchesHash(hosts, name);
  const patterns = hosts.toLowerCase().split(',');
  const hit = (pattern: string): boolean => glob(pattern).test(name);
  if (patterns.some((pattern) => pattern.startsWith('!') && hit(pattern.slice(1)))) return false;
  return patterns.some((pattern) => !pattern.startsWith('!') && hit(pattern));
}

/** `|1|salt|hash`: HMAC-SHA1 of the name with the salt as key. */
function matchesHash(hashed: string, name: string): boolean {
  const [, version, salt, hash] = hashed.split('|');
  if (version !== '1' || salt === undefined || hash === undefined) return false;
  return createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest('base64') === hash;
}

function glob(pattern: string): RegExp {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`);
}
