import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { removeFile } from '../kernel/remove.ts';
import { createTarDecoder, type ParsedTarEntry } from 'modern-tar';
import { BootstrapError, messageOf } from '../kernel/errors.ts';
import type { Archive } from './artifact.ts';
import { keep, type StoredFile } from './cache.ts';
import { openDigest } from './digest.ts';
import { diskFailure } from './disk.ts';
import type { NoteKey } from './note-key.ts';

/**
 * Unpacks the members of a tar.gz and nothing else, by streaming; `target` names the file for each.
 * An archive with a path that leads out of it, or whose member is a link, is set-uid or comes twice, is refused.
 * @throws E_ARCHIVE, E_DISK_FULL, E_CACHE
 */
export async function unpack(
  file: string,
  archive: Archive,
  target: (member: string) => string,
  key: NoteKey,
): Promise<ReadonlyMap<string, StoredFile>> {
  const wanted = new Map(archive.members.map((member) => [archive.folder + member, member]));
  const stored = new Map<string, StoredFile>();
  try {
    for await (const entry of entriesOf(file)) {
      const member = wanted.get(safeName(entry.header.name));
      if (member === undefined) {
        // Read to its end: cancelling a body can silence the next one's, which the decoder has begun already.
        await entry.body.pipeTo(new WritableStream());
        continue;
      }
      checkMember(entry, stored.has(member));
      stored.set(member, await store(entry, target(member), key));
    }
  } catch (error) {
    if (error instanceof BootstrapError && error.code !== 'E_ARCHIVE') throw error;
    throw new BootstrapError('E_ARCHIVE', `cannot unpack ${file}: ${messageOf(error)}`, {
      hint: 'The archive is damaged or was made by somebody else. Remove it and check artifacts.mirrors.',
      cause: error,
    });
  }
  const missing = archive.members.filter((member) => !stored.has(member));
  if (missing.length > 0) {
    throw new BootstrapError('E_ARCHIVE', `${file} does not contain ${missing.join(', ')}`, {
      hint: `They should be under "${archive.folder || './'}". Is the archive of another version or architecture?`,
    });
  }
  return stored;
}

function entriesOf(file: string): AsyncIterable<ParsedTarEntry> {
  const plain = createGunzip({ chunkSize: 256 * 1024 });
  // Destroys both when either fails or is no longer read; the error arrives through `plain`.
  pipeline(createReadStream(file, { highWaterMark: 256 * 1024 }), plain, () => undefined);
  const entries = Readable.toWeb(plain).pipeThrough(createTarDecoder({ strict: true }));
  return entries;
}

/** The entry's name without a leading `./`. */
function safeName(name: string): string {
  if (name.startsWith('/') || name.split('/').includes('..')) {
    throw new BootstrapError('E_ARCHIVE', `"${name}" leads out of the archive`);
  }
  return name.replace(/^(\.\/+)+/, '');
}

function checkMember({ header }: ParsedTarEntry, seen: boolean): void {
  const type = header.type ?? 'file';
  const mode = header.mode ?? 0;
  let fault: string | undefined;
  if (type !== 'file') fault = `is a ${type}, not a file`;
  else if ((mode & 0o7000) !== 0) fault = `has mode ${mode.toString(8)}`;
  else if (seen) fault = 'is there twice';
  if (fault !== undefined) throw new BootstrapError('E_ARCHIVE', `"${header.name}" ${fault}`);
}

async function store(entry: ParsedTarEntry, file: string, key: NoteKey): Promise<StoredFile> {
  const temporary = `${file}.${randomBytes(6).toString('hex')}`;
  await mkdir(dirname(file), { recursive: true, mode: 0o700 }).catch(diskFailure);
  const digest = openDigest(undefined);
  const handle = await open(temporary, 'wx', 0o600).catch(diskFailure);
  try {
    for await (const chunk of entry.body as unknown as AsyncIterable<Uint8Array>) {
      digest.update(chunk);
      await handle.writeFile(chunk).catch(diskFailure);
    }
    await handle.datasync().catch(diskFailure);
  } catch (error) {
    await removeFile(temporary);
    throw error;
  } finally {
    await handle.close();
  }
  return keep(key, temporary, file, digest.sums());
}
