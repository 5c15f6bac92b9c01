import { cpSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Cluster } from '../../../../../src/cluster/open.ts';
import type { Entry } from '../../../../../src/commands/plan/script/files.ts';
import { scriptFolder } from '../../../../../src/commands/plan/script/script.ts';
import { Secret } from '../../../../../src/kernel/secret.ts';
import type { Artifact } from '../../../../../src/release/artifact.ts';
import {
  type Example,
  type HostSpec,
  everyHost,
  imaginedHost,
  openExample,
} from '../../../../support/example-cluster.ts';

export interface Made {
  readonly cluster: Cluster;
  readonly secrets: Set<Secret>;
  /** The folder that hosts as they were just installed lead to; others by what is said of them. */
  readonly folder: (host?: HostSpec) => Promise<ReadonlyMap<string, Entry>>;
  readonly close: () => Promise<void>;
}

/** Programs are in a cache that nobody looks into. */
const brought = (path: string): Promise<object> =>
  Promise.resolve({ file: `/cache/${path}`, size: 4_000_000, sha256: 'a'.repeat(64) });

/**
 * An example with its keys, as a run would have made them.
 * @param keys of an example before it: making them takes the time
 */
export async function made(example: Example, keys?: Cluster): Promise<Made> {
  const secrets = new Set<Secret>();
  const edit = (text: string): string =>
    (example.edit?.(text) ?? text).replace('controllerKubectl: true', 'controllerKubectl: false');
  const { cluster, close } = await openExample({ ...example, edit }, { secrets });
  if (keys && existsSync(keys.stateFolder)) {
    mkdirSync(cluster.stateFolder, { recursive: true, mode: 0o700 });
    cpSync(join(keys.stateFolder, 'pki'), join(cluster.stateFolder, 'pki'), { recursive: true });
    await cluster.pki.load();
  }
  Object.assign(cluster.artifacts, {
    fetch: ({ path }: Artifact) => brought(path),
    member: ({ path }: Artifact, name: string) => brought(`${path}/${name}`),
  });
  await cluster.prepare();
  let serial = 0;
  Object.assign(cluster.pki, {
    issue: () => {
      serial += 1;
      const key = new Secret(`-----BEGIN RSA PRIVATE KEY-----\nkey ${serial}\n`);
      secrets.add(key);
      return Promise.resolve({ certificate: `certificate ${serial}\n`, key });
    },
  });
  const folder = (host: HostSpec = {}): Promise<ReadonlyMap<string, Entry>> => {
    const more = { file: () => ({ type: 'absent' }) as const, ...host.more };
    const seen = everyHost(cluster, () => imaginedHost(example.family, { ...host, more }));
    return scriptFolder({ cluster, seen, secrets, hooks: [], inventory: 'inventory.yaml' });
  };
  return { cluster, secrets, folder, close };
}

/** Its text; of a link where it leads. */
export const textOf = (entry: Entry | undefined): string =>
  entry === undefined ? '' : 'text' in entry ? entry.text : `-> ${entry.target}`;
