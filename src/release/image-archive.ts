import { type FileHandle, open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { BootstrapError, ExitCode, asBootstrapError, messageOf } from '../kernel/errors.ts';

/** A file as `docker save NAME…` writes it, and the names that its images get. */
export interface ImageArchive {
  readonly file: string;
  readonly size: number;
  readonly names: readonly string[];
}

/** What a folder has; or why nothing can be said of it, which is none of the business of who needs no images. */
export interface PreloadedImages {
  readonly archives: readonly ImageArchive[];
  readonly problem?: BootstrapError;
}

/** @param folder that of `images.preload`, if there is one */
export async function preloadedImages(folder: string | undefined): Promise<PreloadedImages> {
  if (folder === undefined) return { archives: [] };
  try {
    return { archives: await readImageArchives(folder) };
  } catch (thrown) {
    return { archives: [], problem: asBootstrapError(thrown) };
  }
}

/**
 * The archives of a folder, by file name; of each only its headers and its list are read, since an archive may have
 * gigabytes and every run asks.
 * @throws E_IMAGE_ARCHIVE for a folder without any, and for what is no such archive; exit code 2
 */
export async function readImageArchives(folder: string): Promise<readonly ImageArchive[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    throw refused(`${folder}: ${messageOf(error)}`, 'images.preload is a folder with archives of images.');
  });
  const files = names.filter((name) => /\.(?:tar|tgz|tar\.\w+)$/.test(name)).sort();
  if (files.length === 0) throw refused(`${folder} has no *.tar`, MAKE);
  return await Promise.all(files.map((name) => readImageArchive(join(folder, name))));
}

/** @throws E_IMAGE_ARCHIVE */
async function readImageArchive(file: string): Promise<ImageArchive> {
  // Opening a pipe would wait for whoever writes to it.
  const found = await stat(file).catch(() => undefined);
  if (found && !found.isFile()) throw refused(`${file} is no file`, MAKE);
  const handle = await open(file).catch((error: unknown) => {
    throw refused(`${file}: ${messageOf(error)}`, 'Who runs this must be able to read it.');
  });
  try {
    const { size } = await handle.stat();
    const text = await memberOf(handle, file, size, 'manifest.json');
    const listed = LIST.safeParse(parsed(text));
    if (!listed.success) throw refused(`${file} has no list of images as docker writes it`, MAKE);
    const names = listed.data.flatMap(({ RepoTags }) => RepoTags ?? []);
    if (names.length === 0) throw refused(`${file} holds images without names`, MAKE);
    return { file, size, names };
  } finally {
    await handle.close();
  }
}

const LIST = z.array(z.object({ RepoTags: z.array(z.string()).nullish() }));

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const BLOCK = 512;
const GZIP = 0x1f8b;
const LARGEST_LIST = 4_000_000;

/**
 * Goes from header to header of a tar file.
 * https://pubs.opengroup.org/onlinepubs/9699919799/utilities/pax.html#tag_20_92_13_06
 */
async function memberOf(handle: FileHandle, file: string, size: number, wanted: string): Promise<string> {
  const header = Buffer.alloc(BLOCK);
  const field = (from: number, to: number): string =>
    header.toString('latin1', from, to).split('\0', 1)[0] ?? '';
  const { bytesRead } = await handle.read(header, 0, BLOCK, 0);
  if (bytesRead > 1 && header.readUInt16BE(0) === GZIP) {
    throw refused(`${file} is compressed`, `gunzip ${file} makes one of it that every runtime takes.`);
  }
  let at = 0;
  while (at + BLOCK <= size) {
    await handle.read(header, 0, BLOCK, at);
    if (field(257, 262) !== 'ustar') break;
    const length = Number.parseInt(field(124, 136).trim(), 8);
    const next = at + BLOCK + Math.ceil(length / BLOCK) * BLOCK;
    if (!(length >= 0) || next > size) throw refused(`${file} ends in the middle of ${field(0, 100)}`, AGAIN);
    if (field(0, 100) === wanted && length <= LARGEST_LIST) {
      const content = Buffer.alloc(length);
      await handle.read(content, 0, length, at + BLOCK);
      return content.toString('utf8');
    }
    at = next;
  }
  throw refused(`${file} has no ${wanted}`, MAKE);
}

const MAKE = 'docker save -o NAME.tar IMAGE… makes one, by the names that nodes ask for ("images list").';
const AGAIN = 'It was not written to its end. Copy or save it anew.';

const refused = (message: string, hint: string): BootstrapError =>
  new BootstrapError('E_IMAGE_ARCHIVE', message, { hint, exitCode: ExitCode.usage });
