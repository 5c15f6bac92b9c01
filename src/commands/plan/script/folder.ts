import { lstat, mkdir, readFile, readdir, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { writeAtomic } from '../../../kernel/atomic-file.ts';
import { BootstrapError, ExitCode } from '../../../kernel/errors.ts';
import { removeFile } from '../../../kernel/remove.ts';
import { refuseOthersWriting } from '../../../state/folder.ts';
import type { Entry } from './files.ts';

/** Names all that was written here: what it names may be replaced, and nothing else. */
const LIST = '.k8s-bootstrap-script';
const FIRST_LINE = 'k8s-bootstrap plan --script wrote these files, and writes them anew:';

/**
 * Asked before any host is dialled.
 * @throws E_SCRIPT_FOLDER when something else than an earlier one of its kind is there; E_STATE_PERMISSIONS when others
 * may write in it
 */
export async function refuseOtherFolder(folder: string): Promise<void> {
  await writtenIn(folder);
}

/** Files that an earlier command has written, by their paths in the folder. */
async function writtenIn(folder: string): Promise<readonly string[]> {
  const found = await lstat(folder).catch(() => undefined);
  if (!found) return [];
  if (!found.isDirectory()) throw refused(folder, 'is no folder');
  await refuseOthersWriting(folder);
  const names = await readdir(folder);
  if (names.length === 0) return [];
  const list = names.includes(LIST) ? await readFile(join(folder, LIST), 'utf8') : '';
  const [first, ...paths] = list.trimEnd().split('\n');
  if (first !== FIRST_LINE) throw refused(folder, 'has files in it that "plan --script" did not write');
  const outside = paths.find((path) => path.startsWith('/') || path.split('/').includes('..'));
  if (outside !== undefined) throw refused(folder, `has a list of its files that names ${outside}`);
  return paths;
}

/**
 * Writes the files, and takes away those of an earlier command that are not wanted any more; files of others stay.
 * @throws E_SCRIPT_FOLDER before anything is written, when a file of somebody else has a name that is needed, or a link
 * leads elsewhere; E_STATE_PERMISSIONS when others may write in a folder of it
 */
export async function writeFolder(folder: string, entries: ReadonlyMap<string, Entry>): Promise<void> {
  const before = new Set(await writtenIn(folder));
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await refuseDetours(folder, [...before, ...entries.keys()]);
  for (const path of entries.keys()) {
    if (!before.has(path) && (await lstat(join(folder, path)).catch(() => undefined)))
      throw refused(folder, `has a file ${path} that "plan --script" did not write`);
  }
  const paths = [...entries.keys()].sort();
  // Named before they are there: a command that is cut leaves nothing that the next would refuse.
  const all = [...new Set([...before, ...paths])];
  await writeAtomic(join(folder, LIST), listOf(all), 0o644);
  for (const path of before) await removeFile(join(folder, path));
  for (const [path, entry] of entries) await writeEntry(join(folder, path), entry);
  await writeAtomic(join(folder, LIST), listOf(paths), 0o644);
}

/**
 * What is written or removed lies in the folder itself, and nowhere that a link leads to. In folders that are the user's
 * alone, nobody can put a link there afterwards.
 */
async function refuseDetours(folder: string, paths: readonly string[]): Promise<void> {
  await refuseOthersWriting(folder);
  for (const below of new Set(paths.flatMap(foldersOf))) {
    const path = join(folder, below);
    const found = await lstat(path).catch(() => undefined);
    if (!found) continue;
    if (!found.isDirectory()) throw refused(folder, `leads elsewhere at ${below}`);
    await refuseOthersWriting(path);
  }
}

/** `a/b/c` lies in `a` and `a/b`. */
const foldersOf = (path: string): string[] =>
  path
    .split('/')
    .slice(0, -1)
    .map((_, index, names) => names.slice(0, index + 1).join('/'));

const listOf = (paths: readonly string[]): string => `${[FIRST_LINE, ...paths].join('\n')}\n`;

async function writeEntry(path: string, entry: Entry): Promise<void> {
  if ('text' in entry) {
    await writeAtomic(path, entry.text, entry.mode);
    return;
  }
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await symlink(entry.target, path);
}

const refused = (folder: string, why: string): BootstrapError =>
  new BootstrapError('E_SCRIPT_FOLDER', `${folder} ${why}`, {
    hint: 'It is left as it is. Name a folder that is not there, an empty one, or one of an earlier "plan --script".',
    exitCode: ExitCode.usage,
  });
