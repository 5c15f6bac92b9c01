import { accessSync, constants } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { writeAtomic } from '../kernel/atomic-file.ts';
import type { Environment } from './read-inventory.ts';

/** The kubectl of a cluster's own version on this machine. */
export const kubectlFile = (stateFolder: string): string => join(stateFolder, 'bin', 'kubectl');

/** @param fetch downloads it, or finds it in the cache */
export async function installKubectl(
  stateFolder: string,
  fetch: () => Promise<{ readonly file: string }>,
): Promise<void> {
  const { file } = await fetch();
  await writeAtomic(kubectlFile(stateFolder), await readFile(file), 0o755);
}

/** What runs kubectl on this machine: the cluster's own, else what the PATH has; null when neither is there. */
export function kubectlHere(env: Environment, stateFolder: string): string | null {
  const own = kubectlFile(stateFolder);
  if (isExecutable(own)) return own;
  const onPath = (env['PATH'] ?? '').split(delimiter).filter(Boolean);
  return onPath.some((folder) => isExecutable(join(folder, 'kubectl'))) ? 'kubectl' : null;
}

export function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
