import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Cluster, type ClusterOptions, openCluster } from '../../src/cluster/open.ts';
import { imagined } from '../../src/facts/facts.ts';
import { freshHosts } from '../../src/facts/fresh-hosts.ts';
import type { Observed } from '../../src/probe/observe.ts';

export type Family = 'centos' | 'debian';

/** A cluster of one of the example inventories, with a new state folder and nothing made yet. */
export interface Example {
  /** Folder under `test/golden`. */
  readonly name: string;
  /** Its file in `inventory/`. */
  readonly inventory: string;
  readonly family: Family;
  /** What is other than in the file. */
  readonly edit?: (text: string) => string;
}

const cis = (text: string): string => text.replace('profile: secure', 'profile: cis');

/** The address of the masters is no load balancer's. */
const keepalived = (text: string): string =>
  text.replace('endpoint: k8s.example.com:6443', 'keepalived: { vip: 192.168.139.10 }');

/** Every profile, every role, both families. */
export const examples: readonly Example[] = [
  { name: 'three-masters', inventory: 'three-masters.yaml', family: 'centos' },
  {
    name: 'three-masters-cis',
    inventory: 'three-masters.yaml',
    family: 'centos',
    edit: (text) => keepalived(cis(text)),
  },
  { name: 'single-node', inventory: 'single-node.yaml', family: 'centos' },
  { name: 'single-node-debian', inventory: 'single-node.yaml', family: 'debian' },
  { name: 'course', inventory: 'course.yaml', family: 'centos' },
  { name: 'nfs', inventory: 'nfs.yaml', family: 'centos' },
  { name: 'flannel', inventory: 'flannel.yaml', family: 'centos' },
];

export interface OpenExample {
  readonly cluster: Cluster;
  /** Ends what it holds and removes its folder. */
  readonly close: () => Promise<void>;
}

export async function openExample(
  example: Example,
  more: Partial<ClusterOptions> = {},
): Promise<OpenExample> {
  const folder = mkdtempSync(join(tmpdir(), 'k8sb-example-'));
  const file = join(folder, example.inventory);
  cpSync(new URL(`../../inventory/${example.inventory}`, import.meta.url), file);
  if (example.edit) writeFileSync(file, example.edit(readFileSync(file, 'utf8')));
  const env = { HOME: folder, SUDO_PASSWORD: 'not used' };
  const cluster = await openCluster({
    file,
    env,
    emit: () => undefined,
    secrets: new Set(),
    ...more,
  });
  return {
    cluster,
    close: async () => {
      await cluster.artifacts.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Opens it, and hands it over; everything is gone afterwards. */
export async function withExample<T>(
  example: Example,
  use: (cluster: Cluster) => T | Promise<T>,
): Promise<T> {
  const { cluster, close } = await openExample(example);
  try {
    return await use(cluster);
  } finally {
    await close();
  }
}

export interface HostSpec {
  /** Lines of the facts question to put in, by key: `{ version: '8' }`. */
  readonly facts?: Readonly<Record<string, string>>;
  readonly packages?: (name: string) => string | undefined;
  readonly more?: Partial<Observed>;
}

/** A host that has just been installed, but for what is said; every package it is asked for is there by default. */
export function imaginedHost(
  family: Family,
  { facts = {}, packages = () => '1.0-1', more = {} }: HostSpec = {},
): Observed {
  let said: string = freshHosts[family];
  for (const [key, value] of Object.entries(facts)) {
    const line = `== ${key} ${value}`;
    const known = new RegExp(`^== ${key.replaceAll('.', '\\.')}( .*)?$`, 'm');
    said = known.test(said) ? said.replace(known, () => line) : `${line}\n${said}`;
  }
  const host = imagined(family);
  return {
    ...host,
    package: packages,
    ...more,
    answer: (key) => (key === 'facts' ? { code: 0, output: said } : more.answer?.(key)),
  };
}

/** All hosts of a cluster alike. */
export const everyHost = (cluster: Cluster, make: (name: string) => Observed): Map<string, Observed> =>
  new Map(cluster.inventory.hosts.map(({ name }) => [name, make(name)]));
