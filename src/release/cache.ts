import type { Stats } from 'node:fs';
import { mkdir, readFile, rename, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { removeFile } from '../kernel/remove.ts';
import { writeAtomic } from '../kernel/atomic-file.ts';
import { isSha256, isSha512 } from './checksums.ts';
import { digestFile, matches, type Sums } from './digest.ts';
import { diskFailure } from './disk.ts';
import type { NoteKey } from './note-key.ts';

/** A file of the cache whose content is known to have this SHA-256. */
export interface StoredFile {
  /** Absolute. */
  readonly file: string;
  /** Bytes. */
  readonly size: number;
  readonly sha256: string;
}

/** Where content is kept: by its checksum, so that clusters with different builds can share a cache. */
export const cachedFile = (folder: string, sha256: string, path: string): string =>
  join(folder, sha256, basename(path));

export const cachedMember = (folder: string, archiveSha256: string, name: string): string =>
  join(folder, archiveSha256, 'members', name);

/**
 * The file, if it is there and still what it was. It is hashed only when its size or time differs from
 * what we noted at the last check; what turns out to be damaged is removed. `expected` is a SHA-256 or SHA-512;
 * without it our note alone knows what it was.
 */
export async function findCached(
  key: NoteKey,
  file: string,
  expected?: string,
): Promise<StoredFile | undefined> {
  const found = await stat(file).catch(() => undefined);
  if (found === undefined) return undefined;
  const note = await readNote(key, file);
  const wanted = expected ?? note?.sha256;
  if (wanted === undefined) return undefined;
  if (note && matches(note, wanted) && isSame(note, found)) {
    return { file, size: found.size, sha256: note.sha256 };
  }
  const sums = (await digestFile(file, wanted)).sums();
  if (!matches(sums, wanted)) {
    await removeFile(file);
    return undefined;
  }
  return noteChecked(key, file, sums);
}

/**
 * Moves a finished, checked file to its place in the cache.
 * @throws E_DISK_FULL, E_CACHE
 */
export async function keep(key: NoteKey, temporary: string, file: string, sums: Sums): Promise<StoredFile> {
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    await rename(temporary, file);
    return await noteChecked(key, file, sums);
  } catch (error) {
    return diskFailure(error);
  }
}

/** What was found at the last check; the times tell when the file was changed, and nobody sets that of the inode. */
interface Note extends Sums {
  readonly size: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
}

const noteOf = (file: string): string => `${file}.checked`;

const isSame = (note: Note, found: Stats): boolean =>
  note.size === found.size && note.mtimeMs === found.mtimeMs && note.ctimeMs === found.ctimeMs;

const signed = (key: NoteKey, file: string, note: Note): Promise<string> => {
  const { sha256, size, mtimeMs, ctimeMs, sha512 } = note;
  return key.sign(
    JSON.stringify([file, sha256, size, mtimeMs, ctimeMs, ...(sha512 === undefined ? [] : [sha512])]),
  );
};

async function noteChecked(key: NoteKey, file: string, sums: Sums): Promise<StoredFile> {
  const { size, mtimeMs, ctimeMs } = await stat(file);
  const note: Note = { ...sums, size, mtimeMs, ctimeMs };
  await writeAtomic(noteOf(file), JSON.stringify({ ...note, signature: await signed(key, file, note) }));
  return { file, size, sha256: sums.sha256 };
}

/** The note, if it is our own: one that came along with the file says nothing. */
async function readNote(key: NoteKey, file: string): Promise<Note | undefined> {
  try {
    const found = JSON.parse(await readFile(noteOf(file), 'utf8')) as Record<string, unknown> | null;
    const { sha256, sha512, size, mtimeMs, ctimeMs, signature } = found ?? {};
    if (!isSha256(sha256) || ![size, mtimeMs, ctimeMs].every((one) => typeof one === 'number'))
      return undefined;
    const note = { sha256, sha512: isSha512(sha512) ? sha512 : undefined, size, mtimeMs, ctimeMs } as Note;
    return signature === (await signed(key, file, note)) ? note : undefined;
  } catch {
    return undefined; // missing or damaged: the file is hashed instead
  }
}
