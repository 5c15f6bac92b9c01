import { link, mkdtemp, open, readdir, readFile, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { removeIn } from '../kernel/remove.ts';
import { writeAtomic } from '../kernel/atomic-file.ts';
import { BootstrapError } from '../kernel/errors.ts';

/** One file of the PKI folder: keys are 0600, everything public 0644. */
export interface StateFile {
  readonly name: string;
  readonly content: string;
  readonly secret: boolean;
}

/** Content of a text file, or `undefined` when there is none. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Writes a file that may be replaced. */
export const replaceFile = (folder: string, file: StateFile): Promise<void> =>
  writeAtomic(join(folder, file.name), file.content, file.secret ? 0o600 : 0o644);

/**
 * Puts new files into a folder and replaces none. They are written to a folder beside it first, which then takes its
 * name in one step: after a crash there are all of them or none. Where the folder exists, they are linked into it in
 * the order given.
 * @throws E_STATE_RACE when a file has appeared meanwhile
 */
export async function publish(folder: string, files: readonly StateFile[]): Promise<void> {
  const parent = dirname(folder);
  for (const name of await readdir(parent)) {
    if (name.startsWith(STAGING)) await removeIn(parent, name); // left by a crash
  }
  const staging = await mkdtemp(join(parent, STAGING));
  try {
    for (const file of files) await replaceFile(staging, file);
    if (!(await takesName(staging, folder))) {
      for (const { name } of files) await linkNew(join(staging, name), join(folder, name));
      await syncFolder(folder);
    }
    await syncFolder(parent);
  } finally {
    await removeIn(parent, basename(staging));
  }
}

const STAGING = '.new-';

async function takesName(staging: string, folder: string): Promise<boolean> {
  try {
    await rename(staging, folder);
    return true;
  } catch (error) {
    if (['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}

async function linkNew(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new BootstrapError('E_STATE_RACE', `${to} appeared while it was being made`, {
      hint: 'Another run uses the same state folder. Wait for it, then run this again.',
      cause: error,
    });
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
