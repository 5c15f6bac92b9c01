import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readFile, rename, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { removeFile } from '../kernel/remove.ts';
import { writeAtomic } from '../kernel/atomic-file.ts';
import { isSha256 } from './checksums.ts';
import { diskFailure } from './disk.ts';

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
 * what was noted at the last check; what turns out to be damaged is removed.
 */
export async function findCached(file: string, expected?: string): Promise<StoredFile | undefined> {
  const found = await stat(file).catch(() => undefined);
  if (found === undefined) return undefined;
  const note = await readNote(file);
  const wanted = expected ?? note?.sha256;
  if (wanted === undefined) return undefined;
  if (note?.sha256 === wanted && note.size === found.size && note.mtimeMs === found.mtimeMs) {
    return { file, size: found.size, sha256: wanted };
  }
  const hash = (await hashFile(file)).digest('hex');
  if (hash !== wanted) {
    await removeFile(file);
    return undefined;
  }
  return noteChecked(file, wanted);
}

/**
 * Moves a finished, checked file to its place in the cache.
 * @throws E_DISK_FULL, E_CACHE
 */
export async function keep(temporary: string, file: string, sha256: string): Promise<StoredFile> {
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    await rename(temporary, file);
    return await noteChecked(file, sha256);
  } catch (error) {
    return diskFailure(error);
  }
}

/** SHA-256 of a file so far, open for more. */
export async function hashFile(file: string): Promise<Hash> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file, { highWaterMark: 256 * 1024 }))
    hash.update(chunk as Buffer);
  return hash;
}

interface Note {
  readonly sha256: string;
  readonly size: number;
  readonly mtimeMs: number;
}

const noteOf = (file: string): string => `${file}.checked`;

async function noteChecked(file: string, sha256: string): Promise<StoredFile> {
  const { size, mtimeMs } = await stat(file);
  const note: Note = { sha256, size, mtimeMs };
  await writeAtomic(noteOf(file), JSON.stringify(note));
  return { file, size, sha256 };
}

async function readNote(file: string): Promise<Note | undefined> {
  try {
    const note = JSON.parse(await readFile(noteOf(file), 'utf8')) as Partial<Note> | null;
    const { sha256, size, mtimeMs } = note ?? {};
    return isSha256(sha256) && typeof size === 'number' && typeof mtimeMs === 'number'
      ? { sha256, size, mtimeMs }
      : undefined;
  } catch {
    return undefined; // missing or damaged: the file is hashed instead
  }
}
