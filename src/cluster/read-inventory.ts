import { type LoadOptions, type LoadedInventory, loadInventory } from '../inventory/load.ts';
import { knownVersions, loadRelease } from '../release/release.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export const readInventory = (file: string, env: Environment): Promise<LoadedInventory> =>
  loadInventory(file, inventoryContext(env));

/** What an inventory is checked against: the environment, and what this version knows. */
export const inventoryContext = (env: Environment): LoadOptions => ({
  env,
  knownVersions: knownVersions(),
  release: loadRelease,
});
