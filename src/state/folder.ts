import type { Stats } from 'node:fs';
import { chmod, mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomic } from '../kernel/atomic-file.ts';
import { BootstrapError } from '../kernel/errors.ts';
import { sh } from '../kernel/quote.ts';
import { trackedFile } from './tracked-file.ts';

/**
 * Checks, without making anything, that a state folder is a safe place for keys. A folder that doesn't exist yet is.
 * @throws E_STATE_PERMISSIONS when others than its owner may enter it
 * @throws E_STATE_TRACKED when git tracks anything in it
 */
export async function checkStateFolder(folder: string): Promise<void> {
  await refuseOpenAccess(folder);
  const tracked = await trackedFile(folder);
  if (tracked !== undefined) {
    throw new BootstrapError(
      'E_STATE_TRACKED',
      `git tracks ${tracked}, and the state folder holds private keys`,
      {
        hint: `Run ${sh`git rm -r --cached -- ${folder}`} and commit. If it was ever pushed, its keys are no longer secret.`,
      },
    );
  }
}

/**
 * Checks that nobody else has put anything into a cache: what lies there is installed on hosts. Others may read it.
 * @throws E_STATE_PERMISSIONS when others than its owner may write in it, or it is another user's; E_STATE_TRACKED when
 * git tracks anything in it
 */
export async function checkCacheFolder(folder: string): Promise<void> {
  await refuseOthersWriting(folder);
  const tracked = await trackedFile(folder);
  if (tracked !== undefined) {
    throw new BootstrapError(
      'E_STATE_TRACKED',
      `git tracks ${tracked}, and what is in the cache is installed on hosts`,
      {
        hint: `Whoever may push could put a program there. Run ${sh`git rm -r --cached -- ${folder}`}, commit, and remove the folder: it is filled anew.`,
      },
    );
  }
}

/** Makes the state folder, closed to others and ignored by git, and checks it. */
export async function makeStateFolder(folder: string): Promise<void> {
  if ((await modeOf(folder)) === undefined) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await chmod(folder, 0o700);
  }
  await checkStateFolder(folder);
  const ignore = join(folder, '.gitignore');
  if ((await modeOf(ignore)) === undefined) await writeAtomic(ignore, '*\n', 0o644);
}

/**
 * @throws E_STATE_PERMISSIONS when group or world have any right on a path, or it is another user's; a missing path is fine
 */
export const refuseOpenAccess = (path: string): Promise<void> => refuseAccess(path, 0o077);

/**
 * @throws E_STATE_PERMISSIONS when others may write in a folder, or it is another user's; a missing one is fine
 */
export const refuseOthersWriting = (path: string): Promise<void> => refuseAccess(path, 0o022);

/** @param denied the rights that neither group nor world may have */
async function refuseAccess(path: string, denied: number): Promise<void> {
  const found = await statOf(path);
  if (found === undefined) return;
  if (!ownUsers().includes(found.uid)) {
    throw new BootstrapError('E_STATE_PERMISSIONS', `${path} belongs to another user (uid ${found.uid})`, {
      hint: `Who owns it can read and replace what is in it. If nobody else had it, run: ${sh`chown -R ${String(process.geteuid?.())} ${path}`}`,
    });
  }
  const mode = found.mode & 0o777;
  if ((mode & denied) === 0) return;
  throw new BootstrapError('E_STATE_PERMISSIONS', `${path} is open to others (mode 0${mode.toString(8)})`, {
    hint: `Find out who could read it, then run: ${denied === 0o077 ? sh`chmod go= ${path}` : sh`chmod go-w ${path}`}`,
  });
}

/** Who runs this, root, and with sudo who called it: that one may do all that root does. */
function ownUsers(): readonly (number | undefined)[] {
  const { SUDO_UID } = process.env;
  const caller = process.geteuid?.() === 0 && SUDO_UID !== undefined ? Number(SUDO_UID) : undefined;
  return [process.geteuid?.(), 0, caller];
}

async function modeOf(path: string): Promise<number | undefined> {
  const found = await statOf(path);
  return found && found.mode & 0o777;
}

async function statOf(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
