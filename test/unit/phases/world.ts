import { factsOf } from '../../../src/facts/facts.ts';
import { freshHosts } from '../../../src/facts/fresh-hosts.ts';
import type { World } from '../../../src/phases/phase.ts';
import { resolveInventory } from '../../../src/inventory/resolve.ts';
import { inventorySchema } from '../../../src/inventory/schema/schema.ts';
import type { Host } from '../../../src/inventory/types.ts';
import { loadRelease } from '../../../src/release/release.ts';
import type { Answer, ApiAnswer, FileState, Observed, UnitState } from '../../../src/probe/observe.ts';

/** What was seen of a host, by key. */
export interface Sight {
  readonly facts?: string;
  readonly clock?: number;
  readonly answers?: Readonly<Record<string, Answer>>;
  readonly files?: Readonly<Record<string, FileState>>;
  readonly units?: Readonly<Record<string, Partial<UnitState>>>;
  readonly packages?: Readonly<Record<string, string>>;
  readonly sysctls?: Readonly<Record<string, string>>;
  readonly objects?: Readonly<Record<string, ApiAnswer>>;
}

export function sight({
  facts,
  clock = 0,
  answers = {},
  files = {},
  units = {},
  packages = {},
  sysctls = {},
  objects = {},
}: Sight): Observed {
  return {
    nonce: 'nonce',
    clock,
    file: (path) => files[path],
    unit: (name) => units[name] as UnitState | undefined,
    package: (name) => packages[name],
    sysctl: (key) => sysctls[key],
    sysctlAtBoot: () => undefined,
    module: () => undefined,
    answer: (key) => (key === 'facts' ? { code: 0, output: facts ?? freshHosts.centos } : answers[key]),
    object: (path) => objects[path],
    endpoint: () => undefined,
  };
}

/** A text file of root's, as a probe brings it back. */
export const textFile = (text: string): FileState => ({
  type: 'file',
  mode: '0644',
  owner: 'root',
  group: 'root',
  size: 1,
  sha256: '',
  content: Buffer.from(text),
});

/** The answer of a fresh host with some of its lines replaced: `{ cpus: '0' }`, `{ network: ['', 'default …'] }`. */
export function hostSaying(
  family: 'centos' | 'debian',
  replaced: Readonly<Record<string, string | readonly string[]>>,
): string {
  const blocks = freshHosts[family].split('\n== ');
  const kept = blocks.filter((block) => !Object.keys(replaced).includes(/^\S*/.exec(block)?.[0] ?? ''));
  const added = Object.entries(replaced).flatMap(([key, value]) =>
    typeof value === 'string' ? [`${key} ${value}`] : [[key, ...value].join('\n')],
  );
  return [...kept, ...added].join('\n== ');
}

export interface WorldSpec {
  readonly inventory?: Readonly<Record<string, unknown>>;
  readonly seen?: Readonly<Record<string, Sight | undefined>>;
  readonly caKeyId?: string;
  /** Files of keys that the state folder lacks. */
  readonly missing?: readonly string[];
  readonly users?: Partial<World['users']>;
  /** What else the state folder has. */
  readonly pki?: Partial<World['pki']>;
  readonly prune?: boolean;
}

/** No users, and nothing to make. */
const nobody = {
  users: () => [],
  revoked: () => [],
  decisions: () => [],
  missing: () => [],
  isDeclared: () => false,
  forgotten: () => [],
  bearers: () => [],
  tokenRows: () => '',
  whyIssue: () => undefined,
  credentials: () => undefined,
} as unknown as World['users'];

/** A cluster of m1 (master, etcd), w1 and w2; hosts are seen fresh unless said otherwise. */
export function worldOf({
  inventory: written = {},
  seen = {},
  caKeyId,
  missing,
  users = {},
  pki = {},
  prune = false,
}: WorldSpec = {}): World {
  const surroundings = { env: {}, folder: '/nowhere', home: '/nowhere' };
  const parsed = inventorySchema(surroundings).parse({
    name: 'demo',
    hosts: [
      { name: 'm1', address: '192.0.2.11', roles: ['master', 'etcd'] },
      { name: 'w1', address: '192.0.2.12', roles: ['worker'] },
      { name: 'w2', address: '192.0.2.13', roles: ['worker'] },
    ],
    ...written,
  });
  const release = loadRelease(parsed.kubernetes.version);
  const { inventory } = resolveInventory(parsed, '/nowhere/inventory.yaml', surroundings, release);
  const sights = new Map(
    inventory.hosts.map(({ name }) => [name, name in seen ? seen[name] && sight(seen[name]) : sight({})]),
  );
  return {
    inventory,
    release,
    pki: {
      caKeyId: () => caKeyId,
      caPem: () => undefined,
      trustPem: () => undefined,
      anchorPem: () => undefined,
      chainPem: () => '',
      keyText: () => undefined,
      exists: () => caKeyId !== undefined,
      missing: () => missing ?? (caKeyId === undefined ? ['ca.crt'] : []),
      trusted: () => [],
      encryptionKey: () => undefined,
      admin: () => undefined,
      tokenKeysPem: () => undefined,
      rotation: () => undefined,
      clientCaPem: () => undefined,
      ...pki,
    } as unknown as World['pki'],
    // Nothing is fetched here.
    users: { ...nobody, ...users },
    prune,
    artifacts: {
      expected: () => undefined,
      isKnown: () => false,
      comes: () => false,
      admit: () => undefined,
      source: () => undefined,
    } as unknown as World['artifacts'],
    now: new Date(0),
    facts: (name) => factsOf(sights.get(name)),
    seen: (name) => sights.get(name),
  };
}

export const hostOf = (world: World, name: string): Host =>
  world.inventory.hosts.find((host) => host.name === name)!;
