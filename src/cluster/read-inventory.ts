import { type LoadOptions, type LoadedInventory, loadInventory } from '../inventory/load.ts';
import { type Secret, secretsIn } from '../kernel/secret.ts';
import { knownVersions, loadRelease } from '../release/release.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** @param secrets gets every secret of the inventory, wherever it stands, so that whatever prints can mask it */
export async function readInventory(
  file: string,
  env: Environment,
  secrets: Set<Secret>,
): Promise<LoadedInventory> {
  const loaded = await loadInventory(file, inventoryContext(env));
  for (const secret of secretsIn(loaded.inventory)) secrets.add(secret);
  return loaded;
}

/** What an inventory is checked against: the environment, and what this version knows. */
export const inventoryContext = (env: Environment): LoadOptions => ({
  env,
  knownVersions: knownVersions(),
  release: loadRelease,
});
