import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadInventory, type LoadedInventory, type LoadOptions } from '../../../src/inventory/load.ts';
import { known } from './known.ts';

/** Loads a text as the file `inventory.yaml` of a folder of its own. */
export async function load(text: string, options: LoadOptions = known): Promise<LoadedInventory> {
  const folder = await mkdtemp(join(tmpdir(), 'inventory-'));
  try {
    const file = join(folder, 'inventory.yaml');
    await writeFile(file, text);
    return await loadInventory(file, options);
  } finally {
    await rm(folder, { recursive: true });
  }
}
