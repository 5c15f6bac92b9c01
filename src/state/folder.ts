import type { Stats } from 'node:fs';
import { execFile } from 'node:child_process';
import { chmod, mkdir, readFile, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { promisify } from 'node:util';
import { writeAtomic } from '../kernel/atomic-file.ts';
import { BootstrapError } from '../kernel/errors.ts';
import { sh } from '../kernel/quote.ts';

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
export async function refuseOpenAccess(path: string): Promise<void> {
  const found = await statOf(path);
  if (found === undefined) return;
  if (!ownUsers().includes(found.uid)) {
    throw new BootstrapError('E_STATE_PERMISSIONS', `${path} belongs to another user (uid ${found.uid})`, {
      hint: `Who owns it can read and replace the keys. If nobody else had it, run: ${sh`chown -R ${String(process.geteuid?.())} ${path}`}`,
    });
  }
  const mode = found.mode & 0o777;
  if ((mode & 0o077) === 0) return;
  throw new BootstrapError('E_STATE_PERMISSIONS', `${path} is open to others (mode 0${mode.toString(8)})`, {
    hint: `Find out who could read it, then run: ${sh`chmod go= ${path}`}`,
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

/** First file under `folder` in git's index, when the folder is inside a work tree and git is installed. */
async function trackedFile(folder: string): Promise<string | undefined> {
  const real = await canonical(resolve(folder));
  const root = await workTree(real);
  if (root === undefined || !(await mayBeTracked(root, real))) return undefined;
  // A foreign repository may neither refuse the question because of its owner, nor run a program of its own.
  const options = ['-c', 'safe.directory=*', '-c', 'core.fsmonitor=false', '--literal-pathspecs'];
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_')));
  try {
    const listed = await promisify(execFile)('git', [...options, 'ls-files', '-z', '--', real], {
      cwd: root,
      env,
      maxBuffer: 64 * 1024 * 1024,
    });
    return listed.stdout.split('\0').find((path) => path !== '');
  } catch {
    return undefined; // no git, or not a repository after all
  }
}

/**
 * Whether git has to be asked. Its index names files in full, so that nothing in a folder is tracked whose name is not
 * in there; except in format 4, when it is split or sparse, and for names that git may have written in another form.
 * https://git-scm.com/docs/index-format
 */
async function mayBeTracked(root: string, folder: string): Promise<boolean> {
  const path = relative(root, folder);
  if (/^$|[^ -~]/.test(path)) return true;
  try {
    const index = await readFile(join(root, '.git/index'));
    return index.readUInt32BE(4) > 3 || ['link', 'sdir', `${path}/`].some((text) => index.includes(text));
  } catch {
    return true; // no index yet, or `.git` is a file that tells where everything is
  }
}

/** The path without symbolic links, also for a folder that doesn't exist yet. */
async function canonical(folder: string): Promise<string> {
  try {
    return await realpath(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return join(await canonical(dirname(folder)), basename(folder));
  }
}

/** The nearest folder upwards that holds `.git`; a look at the file system, because most runs need no git at all. */
async function workTree(folder: string): Promise<string | undefined> {
  for (let at = folder; ; at = dirname(at)) {
    if ((await modeOf(join(at, '.git'))) !== undefined) return at;
    if (at === dirname(at)) return undefined;
  }
}
