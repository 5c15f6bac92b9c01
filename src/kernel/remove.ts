import { rmSync } from 'node:fs';
import { lstat, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { BootstrapError } from './errors.ts';

/** The only removals on this machine: ESLint refuses those of node:fs elsewhere. */

/** Removes a file or a link of our own, if it is there; never a folder. */
export const removeFile = (path: string): Promise<void> => rm(path, { force: true });

export function removeFileSync(path: string): void {
  rmSync(path, { force: true });
}

/**
 * Removes what lies at a name in a folder, with all that is below; links are removed, not followed.
 * @throws E_OUTSIDE for a name that would lead anywhere else, and when the folder itself is a link
 */
export async function removeIn(folder: string, name: string): Promise<void> {
  if (/[/\0]/.test(name) || ['', '.', '..'].includes(name)) {
    throw new BootstrapError(
      'E_OUTSIDE',
      `${JSON.stringify(name)} is no name in ${folder}; nothing was removed`,
    );
  }
  if ((await lstat(folder).catch(() => undefined))?.isSymbolicLink()) {
    throw new BootstrapError('E_OUTSIDE', `${folder} is a link, and leads elsewhere; nothing was removed`, {
      hint: 'Put the folder itself there, or remove by hand what is to go.',
    });
  }
  await rm(join(folder, name), { recursive: true, force: true });
}
