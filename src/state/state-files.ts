import { link, lstat, mkdtemp, open, readdir, readFile, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { removeIn } from '../kernel/remove.ts';
import { writeAtomic } from '../kernel/atomic-file.ts';
import { BootstrapError } from '../kernel/errors.ts';
import { isAlive } from '../kernel/process.ts';
import { withLock } from './file-lock.ts';

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
 * the order given, once none of them is there. Of several who do this one goes after the other.
 * @throws E_STATE_RACE when a file has appeared meanwhile
 */
export const publish = (folder: string, files: readonly StateFile[]): Promise<void> =>
  withLock(`${folder}.lock`, () => publishAlone(folder, files));

async function publishAlone(folder: string, files: readonly StateFile[]): Promise<void> {
  const parent = dirname(folder);
  for (const name of await readdir(parent)) {
    if (isLeft(name)) await removeIn(parent, name);
  }
  const staging = await mkdtemp(join(parent, `${STAGING}${process.pid}-`));
  try {
    for (const file of files) await replaceFile(staging, file);
    if (!(await takesName(staging, folder))) {
      for (const { name } of files) await refuseThere(join(folder, name));
      for (const { name } of files) await linkNew(join(staging, name), join(folder, name));
      await syncFolder(folder);
    }
    await syncFolder(parent);
  } finally {
    await removeIn(parent, basename(staging));
  }
}

const STAGING = '.new-';

/** Left by a crash: the name says whose it was. */
function isLeft(name: string): boolean {
  if (!name.startsWith(STAGING)) return false;
  const [, pid] = /^([1-9]\d{0,9})-/.exec(name.slice(STAGING.length)) ?? [];
  return pid === undefined || Number(pid) === process.pid || !isAlive(Number(pid));
}

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
    throw raced(to);
  }
}

async function refuseThere(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found) throw raced(path);
}

const raced = (path: string): BootstrapError =>
  new BootstrapError('E_STATE_RACE', `${path} appeared while it was being made`, {
    hint: 'Another run uses the same state folder. Wait for it, then run this again.',
  });

/** What appeared or went in a folder outlives a power cut from here on. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
