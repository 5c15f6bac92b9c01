import { isIPv4 } from 'node:net';
import { asBootstrapError } from '../kernel/errors.ts';
import { absolutePath, type Surroundings } from './schema/fields.ts';
import { SSH_DEFAULTS, type WrittenGroup, type WrittenHost, type WrittenSsh } from './schema/host-schema.ts';
import type { Complaint } from './issues.ts';
import { expandRange } from './ranges.ts';
import type { WrittenInventory } from './schema/schema.ts';
import { didYouMean } from './suggest.ts';
import type { Host, JumpHost, Role, Ssh } from './types.ts';

/** Hosts as they are used, and for each the index of the entry it was written in. */
export interface ResolvedHosts {
  readonly hosts: readonly Host[];
  readonly origins: readonly number[];
  /** Entries that could not be made into hosts. */
  readonly complaints: readonly Complaint[];
}

/**
 * Expands ranges and merges the levels: top, `defaults:`, group, host, later ones winning.
 * Mappings (labels, sysctls, extraArgs, ssh) are merged by key, everything else is replaced.
 */
export function resolveHosts(written: WrittenInventory, surroundings: Surroundings): ResolvedHosts {
  const hosts: Host[] = [];
  const origins: number[] = [];
  const complaints: Complaint[] = [];
  const only = written.hosts.length === 1;
  written.hosts.forEach((entry, index) => {
    const complain = (field: string, message: string, hint?: string): void =>
      void complaints.push({ path: ['hosts', index, field], message, ...(hint !== undefined && { hint }) });
    const identities = expandEntry(entry, complain);
    const levels = levelsOf(written, entry, complain);
    const roles = last(levels, 'roles') ?? (only && identities?.length === 1 ? allInOne(written) : undefined);
    if (!roles) complain('roles', 'missing', 'One or more of master, etcd, worker, nfs.');
    for (const identity of identities ?? []) {
      hosts.push(buildHost(written, index, identity, roles ?? [], levels, surroundings));
      origins.push(index);
    }
  });
  return { hosts, origins, complaints };
}

const allInOne = ({ etcd }: WrittenInventory): readonly Role[] =>
  etcd.endpoints ? ['master', 'worker'] : ['master', 'etcd', 'worker'];

type Complain = (field: string, message: string, hint?: string) => void;
type Identity = Pick<Host, 'name' | 'address' | 'ip'>;

function expandEntry(entry: WrittenHost, complain: Complain): Identity[] | undefined {
  const expand = (field: 'name' | 'address' | 'ip'): readonly string[] | undefined => {
    const text = entry[field];
    if (text === undefined) return [];
    try {
      return isAddressWithColons(text) ? [text] : expandRange(text);
    } catch (thrown) {
      const { message, hint } = asBootstrapError(thrown);
      complain(field, message, hint);
      return undefined;
    }
  };
  const [names, addresses, ips] = [expand('name'), expand('address'), expand('ip')];
  if (!names || !addresses || !ips) return undefined;
  const uneven = (field: string, values: readonly string[]): boolean => {
    if (values.length === names.length) return false;
    complain(field, `gives ${count(values.length, field)}, but name gives ${count(names.length, 'name')}`);
    return true;
  };
  if (uneven('address', addresses) || (ips.length > 0 && uneven('ip', ips))) return undefined;
  return names.map((name, index) => {
    const address = addresses[index] ?? '';
    return { name, address, ip: ips[index] ?? (isIPv4(address) ? address : '') };
  });
}

/** IPv6 or `host:port`, which a rule refuses; a colon within the brackets of a range is another slip. */
const isAddressWithColons = (text: string): boolean => text.includes(':') && !/^[^:[]+\[[^\]]*\]/.test(text);

const count = (n: number, field: string): string =>
  `${n} ${field === 'address' ? (n === 1 ? 'address' : 'addresses') : n === 1 ? field : `${field}s`}`;

/** From the most general to the most particular. */
function levelsOf(written: WrittenInventory, entry: WrittenHost, complain: Complain): WrittenGroup[] {
  const group =
    entry.group === undefined || !Object.hasOwn(written.groups, entry.group)
      ? undefined
      : written.groups[entry.group];
  if (entry.group !== undefined && !group) {
    const names = Object.keys(written.groups);
    complain(
      'group',
      `no group "${entry.group}"${didYouMean(entry.group, names)}`,
      'Groups are written under groups: at the top.',
    );
  }
  return [{ ssh: written.ssh }, written.defaults, ...(group ? [group] : []), entry];
}

function buildHost(
  written: WrittenInventory,
  index: number,
  identity: Identity,
  roles: readonly Role[],
  levels: readonly WrittenGroup[],
  surroundings: Surroundings,
): Host {
  return {
    ...identity,
    nfsAddress: written.hosts[index]?.nfsAddress,
    roles,
    labels: merged(levels.map((level) => level.labels)),
    taints: last(levels, 'taints') ?? [],
    ssh: resolveSsh(
      identity.name,
      levels.map((level) => level.ssh ?? {}),
      surroundings,
    ),
    runtime: last(levels, 'runtime') ?? written.runtime.default,
    setHostname: last(levels, 'setHostname') ?? false,
    packages: [...new Set([...written.os.packages, ...(last(levels, 'packages') ?? [])])],
    sysctls: merged([written.os.sysctls, ...levels.map((level) => level.sysctls)]),
    extraArgs: mergedArgs(levels.map((level) => level.extraArgs ?? {})),
  };
}

function resolveSsh(name: string, levels: readonly WrittenSsh[], surroundings: Surroundings): Ssh {
  const base = connection(Object.assign({}, ...levels) as WrittenSsh, surroundings);
  const sudo = merged(levels.map((level) => level.sudo)) as NonNullable<WrittenSsh['sudo']>;
  return {
    ...base,
    sudo: { enabled: sudo.enabled ?? base.user !== 'root', password: sudo.password },
    jump: resolveJump(name, levels, base, surroundings),
  };
}

type Connection = Omit<Ssh, 'sudo' | 'jump'>;

const connection = (
  written: Omit<WrittenSsh, 'jump' | 'sudo'>,
  { folder, home }: Surroundings,
): Connection => ({
  user: written.user ?? SSH_DEFAULTS.user,
  port: written.port ?? SSH_DEFAULTS.port,
  keys: written.keys ?? SSH_DEFAULTS.keys.map((key) => absolutePath(key, folder, home)),
  agent: written.agent ?? SSH_DEFAULTS.agent,
  passphrase: written.passphrase,
  password: written.password,
  hostKey: written.hostKey,
  connectTimeoutSeconds: written.connectTimeoutSeconds ?? SSH_DEFAULTS.connectTimeoutSeconds,
  commandTimeoutSeconds: written.commandTimeoutSeconds ?? SSH_DEFAULTS.commandTimeoutSeconds,
});

/**
 * A jump host of its own shares the host's keys and timeouts, but never its password: that would hand
 * one machine's secret to another. A jump host that inherits "go through me" is reached directly.
 */
function resolveJump(
  name: string,
  levels: readonly WrittenSsh[],
  base: Connection,
  surroundings: Surroundings,
): JumpHost | undefined {
  const own = levels.at(-1)?.jump;
  const jump = last(levels, 'jump');
  if (jump === undefined || jump === null) return undefined;
  if (typeof jump === 'string') return jump === name && own === undefined ? undefined : { host: jump };
  const { address, ...written } = jump;
  const { agent, connectTimeoutSeconds, commandTimeoutSeconds } = base;
  const keys = written.keys ? {} : { keys: [...base.keys], passphrase: base.passphrase };
  const given = { agent, connectTimeoutSeconds, commandTimeoutSeconds, ...keys, ...written };
  const ssh = connection(given, surroundings);
  return { address, ssh: { ...ssh, sudo: { enabled: false, password: undefined }, jump: undefined } };
}

function last<T, K extends keyof T>(levels: readonly T[], field: K): T[K] | undefined {
  return levels.findLast((level) => level[field] !== undefined)?.[field];
}

const merged = <T>(levels: readonly (Readonly<Record<string, T>> | undefined)[]): Record<string, T> =>
  Object.fromEntries(levels.flatMap((level) => Object.entries(level ?? {})));

function mergedArgs(levels: readonly Host['extraArgs'][]): Host['extraArgs'] {
  const components = new Set(levels.flatMap((level) => Object.keys(level) as (keyof Host['extraArgs'])[]));
  return Object.fromEntries(
    [...components].map((name) => [name, merged(levels.map((level) => level[name]))]),
  );
}
