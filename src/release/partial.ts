import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { removeFile } from '../kernel/remove.ts';
import { diskFailure } from './disk.ts';
import { isAlive } from '../kernel/process.ts';

/** The unfinished download of one artifact, owned by this process alone. */
export interface Partial {
  readonly file: string;
  /** Leaves it for the next run to resume. */
  release(): Promise<void>;
  remove(): Promise<void>;
}

/**
 * Takes over what an earlier run has left of a download, if anything. A rename is the claim: of two processes
 * only one gets the file, the other starts anew. Files of processes that have died are taken over too.
 */
export async function claimPartial(folder: string, key: string): Promise<Partial> {
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch(diskFailure);
  const file = join(folder, `${key}.${process.pid}.${randomBytes(4).toString('hex')}`);
  for (const name of await readdir(folder)) {
    if (!name.startsWith(`${key}.`) || !isFree(name)) continue;
    const claimed = await rename(join(folder, name), file).then(
      () => true,
      () => false,
    );
    if (claimed) break;
  }
  return {
    file,
    release: () => rename(file, join(folder, `${key}.left`)).catch(() => undefined),
    remove: () => removeFile(file),
  };
}

function isFree(name: string): boolean {
  const owner = name.split('.')[1] ?? '';
  return owner === 'left' || (/^\d+$/.test(owner) && !isAlive(Number(owner)));
}
