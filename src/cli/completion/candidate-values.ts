import { homedir } from 'node:os';
import type { LoadedInventory } from '../../inventory/load.ts';
import { COMPONENTS } from '../../kernel/components.ts';
import { CA_IDS, LEAF_IDS } from '../../pki/spec.ts';
import { ROLE_PRESETS } from '../../templates/rbac.ts';
import type { Values } from './candidates.ts';
import { type ProcessIo, inventoryFile } from '../shared/context.ts';

type Env = ProcessIo['env'];
type Read = () => Promise<LoadedInventory>;

/** By what stands for a value in the usage of a command. None of them asks a host. */
const SOURCES: Readonly<Record<string, (read: Read) => Promise<readonly string[]>>> = {
  phase: async () => (await import('../../phases/index.ts')).phases.map(({ id }) => id),
  id: async () => (await import('../../cluster/admission.ts')).knownChecks(),
  host: hostNames,
  node: hostNames,
  export: async (read) => (await read()).inventory.nfs?.exports.map(({ path }) => path) ?? [],
  authority: () => Promise.resolve(CA_IDS),
  certificate: () => Promise.resolve(LEAF_IDS),
  user: userNames,
  'preset|file': () => Promise.resolve(ROLE_PRESETS),
  'preset|user': async (read) => [...ROLE_PRESETS, ...(await userNames(read).catch(() => []))],
  unit: () => Promise.resolve(COMPONENTS),
  what: flagNames,
};

export const valuesFor =
  (env: Env): Values =>
  async (name, inventory) => {
    const read: Read = async () => {
      const { readInventory } = await import('../../cluster/read-inventory.ts');
      const file = inventoryFile(undefined, inventory === undefined ? {} : { inventory }, env);
      // The shell has not replaced it yet.
      return readInventory(file.replace(/^~(?=\/)/, env['HOME'] ?? homedir()), env, new Set());
    };
    return (await SOURCES[name]?.(read)) ?? [];
  };

async function hostNames(read: Read): Promise<readonly string[]> {
  return (await read()).inventory.hosts.map(({ name }) => name);
}

/** Those of the inventory and those that were made by `issue-user`. */
async function userNames(read: Read): Promise<readonly string[]> {
  const { inventory } = await read();
  const [{ readRegistry }, { stateFolderOf }] = await Promise.all([
    import('../../users/registry.ts'),
    import('../../cluster/connect.ts'),
  ]);
  const { users } = await readRegistry(stateFolderOf(inventory)).catch(() => ({ users: [] }));
  return [...inventory.users, ...users].map(({ name }) => name);
}

/** Of the version that the inventory names; without one, of the newest. */
async function flagNames(read: Read): Promise<readonly string[]> {
  const { knownVersions, loadRelease } = await import('../../release/release.ts');
  const version = await read().then(
    ({ inventory }) => inventory.kubernetes.version,
    () => knownVersions().at(-1) ?? '',
  );
  const release = loadRelease(version);
  return COMPONENTS.flatMap((component) => release.flagNames(component));
}
