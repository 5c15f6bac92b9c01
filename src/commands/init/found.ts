import { isIPv4 } from 'node:net';
import { isMapping } from '../../kernel/mapping.ts';
import { paths } from '../../kernel/host-paths.ts';
import type { Host, Inventory } from '../../inventory/types.ts';
import { dataFolders, dataFoldersWatch, toldFolder } from '../../phases/shared/data-folders.ts';
import type { Observed, Watch } from '../../probe/observe.ts';
import type { Settings } from './settings.ts';

const NAMES = '/etc/hosts';
const CLOCKS = ['/etc/chrony.conf', '/etc/chrony/chrony.conf', '/etc/ntp.conf'];

/** What is asked of a host beside its facts. */
export const foundWatches = (inventory: Inventory, host: Host): Watch[] => [
  ...[NAMES, ...CLOCKS, paths.dockerConfig].map((key) => ({ kind: 'file', key, read: 'content' }) as const),
  ...dataFoldersWatch(inventory, host),
];

export interface Found {
  /** What `up` would otherwise put others in the place of: mirrors of docker, folders with data. */
  readonly kept: Settings;
  /** What stays on its host without being said, and which other hosts lack: names and time servers. */
  readonly left: Settings;
}

/**
 * What of an inventory's fields can be seen on hosts. Text of a host counts where it is whole what it should be;
 * of several answers that exclude each other none is taken.
 */
export function foundOn(inventory: Inventory, seen: ReadonlyMap<string, Observed>): Found {
  const all = inventory.hosts.flatMap((host) => {
    const observed = seen.get(host.name);
    return observed ? [{ host, seen: observed }] : [];
  });
  const addresses = new Set(inventory.hosts.flatMap(({ address, ip }) => [address, ip]));
  const names = all.flatMap((one) => namesIn(textOf(one.seen, NAMES)));
  const docker = all.map((one) => dockerSettings(textOf(one.seen, paths.dockerConfig)));
  const folders = all.flatMap((one) => foldersOf(inventory, one.host, one.seen));
  const folder = (field: string): string | undefined =>
    only(folders.filter((one) => one.field === field).map((one) => one.path));
  return {
    kept: sections({
      etcd: { dataDir: folder('etcd.dataDir') },
      kubelet: { rootDir: folder('kubelet.rootDir') },
      runtime: {
        dataDir: folder('runtime.dataDir'),
        mirrors: nonEmpty({ 'docker.io': list(docker.flatMap(({ mirrors }) => mirrors)) }),
        insecureRegistries: list(docker.flatMap(({ insecure }) => insecure)),
      },
    }),
    left: sections({
      os: {
        hosts: nonEmpty(Object.fromEntries(names.filter(([, ip]) => !addresses.has(ip)).slice(0, MOST))),
        timeServers: list(all.flatMap((one) => CLOCKS.flatMap((file) => serversIn(textOf(one.seen, file))))),
      },
    }),
  };
}

/** Of each kind; a host that says more says nonsense. */
const MOST = 50;

const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/;
const FOLDER = /^\/[A-Za-z0-9._/-]{1,200}$/;
const MIRROR = /^https?:\/\/[A-Za-z0-9.-]{1,253}(?::\d{1,5})?\/?$/;
const REGISTRY = /^[A-Za-z0-9.-]{1,253}(?::\d{1,5})?$/;

function textOf(seen: Observed, path: string): string {
  const state = seen.file(path);
  return state?.type === 'file' ? (state.content?.toString('utf8') ?? '') : '';
}

const namesIn = (text: string): [string, string][] =>
  text.split('\n').flatMap((line) => {
    const [ip = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/);
    if (!isIPv4(ip) || ip.startsWith('127.')) return [];
    return names.filter((name) => NAME.test(name)).map((name): [string, string] => [name, ip]);
  });

const serversIn = (text: string): string[] =>
  text.split('\n').flatMap((line) => {
    const server = /^\s*(?:server|pool)\s+(\S+)/.exec(line)?.[1] ?? '';
    return NAME.test(server) && !server.startsWith('127.') ? [server] : [];
  });

function dockerSettings(text: string): { mirrors: string[]; insecure: string[] } {
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    return { mirrors: [], insecure: [] };
  }
  const texts = (key: string, form: RegExp): string[] => {
    const value = isMapping(read) ? read[key] : undefined;
    return Array.isArray(value)
      ? value.filter((one): one is string => typeof one === 'string' && form.test(one))
      : [];
  };
  return { mirrors: texts('registry-mirrors', MIRROR), insecure: texts('insecure-registries', REGISTRY) };
}

const foldersOf = (inventory: Inventory, host: Host, seen: Observed): { field: string; path: string }[] =>
  dataFolders(inventory, host).flatMap((folder) => {
    const path = toldFolder(seen, folder) ?? '';
    return FOLDER.test(path) && path !== folder.usual ? [{ field: folder.field, path }] : [];
  });

const only = (values: readonly string[]): string | undefined => {
  const [first, ...others] = new Set(values);
  return others.length === 0 ? first : undefined;
};

const list = (values: readonly string[]): string[] | undefined =>
  values.length === 0 ? undefined : [...new Set(values)].slice(0, MOST);

const nonEmpty = (fields: Readonly<Record<string, unknown>>): Record<string, unknown> | undefined => {
  const there = Object.entries(fields).filter(([, value]) => value !== undefined);
  return there.length === 0 ? undefined : Object.fromEntries(there);
};

const sections = (all: Readonly<Record<string, Readonly<Record<string, unknown>>>>): Settings =>
  nonEmpty(Object.fromEntries(Object.entries(all).map(([name, fields]) => [name, nonEmpty(fields)]))) ?? {};
