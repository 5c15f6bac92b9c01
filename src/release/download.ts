import { createReadStream } from 'node:fs';
import { open, stat, type FileHandle } from 'node:fs/promises';
import { removeFile } from '../kernel/remove.ts';
import { BootstrapError } from '../kernel/errors.ts';
import { retry } from '../kernel/retry.ts';
import { isSha512 } from './checksums.ts';
import { digestFile, matches, openDigest, type Digest, type Sums } from './digest.ts';
import { diskFailure } from './disk.ts';
import { connectionFailure, type HttpResponse, type HttpClient } from './http.ts';
import { describeSource, type ArtifactSource } from './source.ts';

export interface DownloadRequest {
  readonly source: ArtifactSource;
  /** Where to write; what it already holds is resumed when `expected` is known. */
  readonly file: string;
  /** Its SHA-256 or SHA-512. */
  readonly expected: string | undefined;
  /** What the content begins with, checked when there is no checksum to compare with. */
  readonly magic: Buffer;
  readonly http: HttpClient;
  readonly signal: AbortSignal | undefined;
  /** Delay before the second try, in ms. */
  readonly retryDelayMs: number;
  readonly onBytes: (bytes: number, total: number | undefined) => void;
}

const attempts = 4;

/**
 * Fetches one file from one source; passing failures are tried again, continuing where they broke off.
 * Resolves with the sums of what is now in `file`.
 * @throws E_CHECKSUM (nothing is kept), E_SOURCE or E_SOURCE_BUSY when this source does not deliver,
 * E_DISK_FULL, E_CACHE, E_ABORTED
 */
export async function download(request: DownloadRequest): Promise<Sums> {
  try {
    return await retry(() => attempt(request), {
      attempts,
      delayMs: request.retryDelayMs,
      signal: request.signal,
      when: (error) => error instanceof BootstrapError && error.code === 'E_SOURCE_BUSY',
    });
  } catch (error) {
    if (!request.signal?.aborted) throw error;
    throw new BootstrapError(
      'E_ABORTED',
      `the download from ${describeSource(request.source)} was interrupted`,
      {
        cause: error,
      },
    );
  }
}

async function attempt(request: DownloadRequest): Promise<Sums> {
  const { file, expected } = request;
  const present = expected === undefined ? 0 : await sizeOf(file);
  const soFar = present > 0 ? await digestFile(file, expected) : openDigest(expected);
  if (present > 0 && expected !== undefined && matches(soFar.sums(), expected)) return soFar.sums();

  const answer = await ask(request, present);
  const digest = answer.start > 0 ? soFar : openDigest(expected);
  const size = await receive(request, answer, digest);
  if (answer.total !== undefined && size !== answer.total) {
    throw new BootstrapError('E_SOURCE_BUSY', `ended after ${size} of ${answer.total} bytes`);
  }
  const sums = digest.sums();
  if (expected === undefined) {
    await checkMagic(request);
  } else if (!matches(sums, expected)) {
    await removeFile(file);
    throw answer.start > 0 ? mixture() : wrongChecksum(request.source, sums, expected);
  }
  return sums;
}

async function ask({ source, http, file }: DownloadRequest, offset: number): Promise<HttpResponse> {
  if (source.kind === 'folder') return readLocal(source.file, offset);
  try {
    return await http.get(source.url, offset);
  } catch (error) {
    if (!(error instanceof BootstrapError) || error.code !== 'E_SOURCE_RANGE') throw error;
    await removeFile(file);
    throw new BootstrapError('E_SOURCE_BUSY', `cannot be resumed at byte ${offset}: ${error.message}`);
  }
}

async function readLocal(file: string, offset: number): Promise<HttpResponse> {
  const found = await stat(file).catch(() => undefined);
  if (!found?.isFile()) throw new BootstrapError('E_SOURCE', 'no such file');
  const start = offset < found.size ? offset : 0;
  return { body: createReadStream(file, { start, highWaterMark: 256 * 1024 }), start, total: found.size };
}

async function receive(
  { file, onBytes }: DownloadRequest,
  answer: HttpResponse,
  digest: Digest,
): Promise<number> {
  let position = answer.start;
  let target: FileHandle | undefined;
  try {
    target = await open(file, position > 0 ? 'r+' : 'w', 0o600).catch(diskFailure);
    onBytes(position, answer.total);
    for await (const chunk of answer.body as AsyncIterable<Buffer>) {
      await writeAll(target, chunk, position);
      digest.update(chunk);
      position += chunk.length;
      onBytes(position, answer.total);
    }
    await target.datasync().catch(diskFailure);
    return position;
  } catch (error) {
    throw connectionFailure(error);
  } finally {
    answer.body.destroy();
    await target?.close();
  }
}

async function writeAll(target: FileHandle, chunk: Buffer, position: number): Promise<void> {
  for (let done = 0; done < chunk.length;) {
    const { bytesWritten } = await target
      .write(chunk, done, chunk.length - done, position + done)
      .catch(diskFailure);
    done += bytesWritten;
  }
}

async function checkMagic({ file, magic }: DownloadRequest): Promise<void> {
  const handle = await open(file, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(magic.length), 0, magic.length, 0);
    if (bytesRead === magic.length && buffer.equals(magic)) return;
    const seen = JSON.stringify(buffer.subarray(0, bytesRead).toString('latin1'));
    throw new BootstrapError('E_SOURCE', `answered something else, beginning with ${seen}`);
  } finally {
    await handle.close();
  }
}

const sizeOf = (file: string): Promise<number> =>
  stat(file).then(
    (found) => found.size,
    () => 0,
  );

/** Parts of two different files, perhaps of two sources: no proof against this one, which is asked anew. */
const mixture = (): BootstrapError =>
  new BootstrapError('E_SOURCE_BUSY', 'what was left of an earlier download did not fit');

function wrongChecksum(source: ArtifactSource, sums: Sums, expected: string): BootstrapError {
  const found = isSha512(expected) ? `SHA-512 ${sums.sha512 ?? ''}` : `SHA-256 ${sums.sha256}`;
  const message = `${describeSource(source)} has ${found}, expected ${expected}`;
  return new BootstrapError('E_CHECKSUM', message, {
    hint: 'The file was damaged or replaced, and is not used. If it is a build of your own, name its checksum in artifacts.checksums.',
  });
}
