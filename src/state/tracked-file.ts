import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, readdir, realpath, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { promisify } from 'node:util';
import { removeIn } from '../kernel/remove.ts';

/** A work tree and the folder that git keeps of it. */
interface Repository {
  readonly root: string;
  readonly gitFolder: string;
}

/**
 * First file under `folder` in git's index, when the folder is inside a work tree and git is installed. Anybody may have
 * made the repository: its index is read, and nothing else of it.
 */
export async function trackedFile(folder: string): Promise<string | undefined> {
  const real = await canonical(resolve(folder));
  const repository = await repositoryAbove(real);
  if (repository === undefined) return undefined;
  const index = await readIndex(repository);
  if (index === undefined) return undefined;
  const path = relative(repository.root, real);
  if (!mayName(index, path)) return undefined;
  // A sparse index has folders in place of what is in them: what that is only the objects could tell.
  const sparse = index.includes('sdir');
  const entries = await listed(repository, index, sparse ? ['--sparse'] : ['--', real]);
  return entries.find((entry) => isBelow(entry, path));
}

const isBelow = (entry: string, path: string): boolean =>
  entry !== '' &&
  (path === '' || entry.startsWith(`${path}/`) || (entry.endsWith('/') && `${path}/`.startsWith(entry)));

async function readIndex({ gitFolder }: Repository): Promise<Buffer | undefined> {
  try {
    return await readFile(join(gitFolder, 'index'));
  } catch {
    return undefined; // nothing was ever added, or it isn't ours to read
  }
}

/**
 * Whether git has to be asked. Its index names files in full, so that nothing in a folder is tracked whose name is not
 * in there; except in format 4, when it is split or sparse, and for names that git may have written in another form.
 * https://git-scm.com/docs/index-format
 */
function mayName(index: Buffer, path: string): boolean {
  if (index.length < 12 || /^$|[^ -~]/.test(path)) return true;
  return index.readUInt32BE(4) > 3 || ['link', 'sdir', `${path}/`].some((text) => index.includes(text));
}

/**
 * What git reads in an index, seen from a repository of our own that is empty: with a foreign one's configuration git
 * would run programs it names, be it only to fetch what is missing.
 */
async function listed(
  { root, gitFolder }: Repository,
  index: Buffer,
  selection: readonly string[],
): Promise<string[]> {
  const own = await mkdtemp(join(tmpdir(), 'k8s-bootstrap-git-'));
  try {
    await emptyRepository(own, gitFolder, index);
    const env = {
      ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_'))),
      HOME: own,
      XDG_CONFIG_HOME: own,
      GIT_DIR: own,
      GIT_WORK_TREE: root,
      GIT_INDEX_FILE: join(gitFolder, 'index'),
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_ALLOW_PROTOCOL: 'none',
      GIT_OPTIONAL_LOCKS: '0',
    };
    const { stdout } = await promisify(execFile)(
      'git',
      ['-c', 'core.fsmonitor=false', '--literal-pathspecs', 'ls-files', '-z', ...selection],
      { cwd: root, env, maxBuffer: 64 * 1024 * 1024 },
    );
    return stdout.split('\0');
  } catch {
    return []; // no git, or one that cannot read this index
  } finally {
    await removeIn(dirname(own), basename(own));
  }
}

/** What git takes for a repository, with the other part of a split index and the hash of the one that is looked at. */
async function emptyRepository(own: string, gitFolder: string, index: Buffer): Promise<void> {
  for (const name of ['objects', 'refs', 'info']) await mkdir(join(own, name));
  await writeFile(join(own, 'HEAD'), 'ref: refs/heads/none\n');
  const [version, extension] = isSha256Index(index) ? [1, '[extensions]\nobjectformat = sha256\n'] : [0, ''];
  await writeFile(join(own, 'config'), `${SPARSE}repositoryformatversion = ${version}\n${extension}`);
  await writeFile(join(own, 'info/sparse-checkout'), '/*\n!/*/\n');
  const shared = (await readdir(gitFolder)).filter((name) => name.startsWith('sharedindex.'));
  for (const name of shared) await symlink(join(gitFolder, name), join(own, name));
}

/** Without this git looks for the objects of a sparse index, to write it out in full where a folder is on disk. */
const SPARSE =
  '[index]\nsparse = true\n[sparse]\nexpectFilesOutsideOfPatterns = true\n[core]\nsparseCheckout = true\nsparseCheckoutCone = true\n';

/** An index ends with the checksum of all before it, or with zeros; the objects' hash makes that, too. */
function isSha256Index(index: Buffer): boolean {
  const [content, end] = [index.subarray(0, -32), index.subarray(-32)];
  return end.equals(Buffer.alloc(32)) || createHash('sha256').update(content).digest().equals(end);
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

/** The nearest repository upwards; a look at the file system, because most runs need no git at all. */
async function repositoryAbove(folder: string): Promise<Repository | undefined> {
  for (let root = folder; ; root = dirname(root)) {
    const gitFolder = await gitFolderOf(root);
    if (gitFolder !== undefined) return { root, gitFolder };
    if (root === dirname(root)) return undefined;
  }
}

/** In a further work tree and in a submodule `.git` is a file that tells where everything is. */
async function gitFolderOf(root: string): Promise<string | undefined> {
  const path = join(root, '.git');
  try {
    if ((await stat(path)).isDirectory()) return (await isThere(join(path, 'HEAD'))) ? path : undefined;
    const [, told] = /^gitdir: ([^\n\0]+)/.exec(await readFile(path, 'utf8')) ?? [];
    return told === undefined ? undefined : resolve(root, told.trimEnd());
  } catch {
    return undefined;
  }
}

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );
