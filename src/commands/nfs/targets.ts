import { isIPv6 } from 'node:net';
import type { Host, Inventory, Nfs, NfsExport } from '../../inventory/types.ts';
import { mountAddress } from '../../inventory/schema/nfs-schema.ts';
import { BootstrapError, ExitCode } from '../../kernel/errors.ts';

/** An export as nodes see it. */
export interface Target {
  /** Position among the exports of the inventory; names its steps. */
  readonly id: number;
  readonly entry: NfsExport;
  readonly server: Server;
  /** Options of `mount` for a test: those of the pods, but for a server that is away, which must not hold anybody up. */
  readonly options: string;
}

/** Who exports. */
export interface Server {
  /** Position among the servers; names its steps. */
  readonly id: number;
  /** Name in the inventory; `undefined` for an outside server. */
  readonly host: string | undefined;
  /** Name or address that nodes mount from. */
  readonly address: string;
}

/** @throws E_NO_NFS, exit code 2, when the inventory has no NFS */
export function nfsOf({ nfs, name, file }: Inventory): Nfs {
  if (nfs) return nfs;
  throw new BootstrapError('E_NO_NFS', `the inventory of ${name} has no nfs:`, {
    hint: 'Give a host the role nfs, and write nfs: {exports: [{path: /nfsdata}]}.',
    where: { file },
    exitCode: ExitCode.usage,
  });
}

export function serversOf(inventory: Inventory): readonly Server[] {
  const nfs = nfsOf(inventory);
  if (nfs.outside !== undefined) return [{ id: 0, host: undefined, address: nfs.outside }];
  const used = inventory.hosts.filter(({ name }) => nfs.exports.some(({ host }) => host === name));
  return used.map((host, id) => ({ id, host: host.name, address: mountAddress(host) }));
}

export function targetsOf(inventory: Inventory): readonly Target[] {
  const nfs = nfsOf(inventory);
  const servers = serversOf(inventory);
  return nfs.exports.flatMap((entry, id): Target[] => {
    const server = servers.find(({ host }) => host === entry.host);
    return server ? [{ id, entry, server, options: testOptions(nfs, server, entry.path) }] : [];
  });
}

/** `n1:/nfsdata`, as people write it. */
export const labelOf = ({ server, entry }: Pick<Target, 'server' | 'entry'>): string =>
  `${server.host ?? server.address}:${entry.path}`;

/** What `mount` takes: an IPv6 address in brackets. */
export const mountSource = ({ address }: Pick<Server, 'address'>, path: string): string =>
  `${isIPv6(address) ? `[${address}]` : address}:${path}`;

/** Those that mount volumes of pods. */
export const nodesOf = ({ hosts }: Inventory): readonly Host[] =>
  hosts.filter(({ roles }) => roles.includes('master') || roles.includes('worker'));

/**
 * Soft, and given up after about 15 s: 5 s for an answer, twice as long for one more try. nfs(5).
 * With `protocol: all` no version is asked for, as pods do not: the highest that both sides have is taken.
 */
function testOptions({ protocol, provisioner }: Nfs, { address }: Server, path: string): string {
  const isPods = provisioner?.server === address && provisioner.export === path;
  const own = isPods ? provisioner.storageClass.mountOptions : [];
  const kept = own.filter(
    (word) => !/^(hard|soft|softerr|bg|fg|intr|nointr|(timeo|retrans|retry)=.*)$/.test(word),
  );
  const versioned = kept.some((word) => /^(nfs)?vers=|^v[234]/.test(word));
  const version = protocol === 'v4' && !versioned ? ['vers=4'] : [];
  return [...kept, ...version, 'soft', 'timeo=50', 'retrans=1', 'retry=0'].join(',');
}
