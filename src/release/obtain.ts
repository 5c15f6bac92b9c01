import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { BootstrapError } from '../kernel/errors.ts';
import type { Artifact } from './artifact.ts';
import { cachedFile, findCached, keep, type StoredFile } from './cache.ts';
import { isSha512 } from './checksums.ts';
import { download } from './download.ts';
import type { HttpClient } from './http.ts';
import type { NoteKey } from './note-key.ts';
import { claimPartial } from './partial.ts';
import { expectedSha256, expectedSum, refusePlain, sha512Key, type Pins } from './pins.ts';
import { publishedSum } from './published-sum.ts';
import { artifactSources, describeSource, type ArtifactSource } from './source.ts';
import type { ArtifactStoreOptions } from './store-options.ts';

export interface Context extends Pins {
  readonly key: NoteKey;
  readonly options: ArtifactStoreOptions;
  readonly http: HttpClient;
}

export const sourcesOf = ({ options }: Context, artifact: Artifact): ArtifactSource[] =>
  artifactSources(artifact, options.mirrors, options.onlyMirrors);

/**
 * The whole artifact as a verified file of the cache, from the first of its sources that delivers it.
 * @throws E_CHECKSUM_UNKNOWN, E_CHECKSUM, E_DOWNLOAD, E_DISK_FULL, E_CACHE, E_ABORTED
 */
export async function obtain(context: Context, artifact: Artifact): Promise<StoredFile> {
  const { onlyMirrors, onTrust } = context.options;
  const expected = expectedSum(context, artifact);
  const cached = await inCache(context, artifact, expectedSha256(context, artifact), expected);
  if (cached) return cached;

  const failures: string[] = [];
  for (const source of sourcesOf(context, artifact)) {
    try {
      if (expected === undefined) refusePlain(source, artifact);
      const stored = await obtainFrom(context, artifact, source, expected);
      if (expected === undefined) {
        await context.lock.record(new Map([[artifact.path, stored.sha256]]));
        onTrust?.({ artifact, sha256: stored.sha256, from: describeSource(source) });
      } else if (isSha512(expected)) {
        await context.lock.record(new Map([[sha512Key(artifact, expected), stored.sha256]]), {
          replace: true,
        });
      }
      return stored;
    } catch (error) {
      if (!(error instanceof BootstrapError) || !/^E_SOURCE/.test(error.code)) throw error;
      failures.push(`${describeSource(source)}: ${error.message}`);
    }
  }
  throw downloadFailure(artifact, failures, onlyMirrors);
}

/** A file lies under its SHA-256; where a SHA-512 is expected, what says which that is has to be true as well. */
const inCache = async (
  { key, options }: Context,
  artifact: Artifact,
  sha256: string | undefined,
  expected = sha256,
): Promise<StoredFile | undefined> =>
  sha256 === undefined
    ? undefined
    : findCached(key, cachedFile(options.cacheFolder, sha256, artifact.path), expected);

async function obtainFrom(
  context: Context,
  artifact: Artifact,
  source: ArtifactSource,
  known: string | undefined,
): Promise<StoredFile> {
  const { cacheFolder, onProgress, signal, retryDelayMs = 500 } = context.options;
  const published = known === undefined ? await publishedSum(context.http, source) : undefined;
  const cached = await inCache(context, artifact, published);
  if (cached) return cached;
  const expected = known ?? published;

  const key = createHash('sha256')
    .update(`${artifact.path}\n${expected ?? ''}`)
    .digest('hex')
    .slice(0, 32);
  const partial = await claimPartial(join(cacheFolder, 'partial'), key);
  const from = source.kind === 'http' ? source.url.hostname : source.file;
  try {
    const sums = await download({
      source,
      file: partial.file,
      expected,
      magic: artifact.archive ? gzipMagic : elfMagic,
      http: context.http,
      signal,
      retryDelayMs,
      onBytes: (bytes, total) => onProgress?.({ artifact, bytes, total, from }),
    });
    const file = cachedFile(cacheFolder, sums.sha256, artifact.path);
    return await keep(context.key, partial.file, file, sums);
  } catch (error) {
    // Without a checksum nobody could tell whether the rest belongs to it.
    await (expected === undefined ? partial.remove() : partial.release());
    throw error;
  }
}

const gzipMagic = Buffer.from([0x1f, 0x8b]);
const elfMagic = Buffer.from('\x7fELF', 'latin1');

function downloadFailure(artifact: Artifact, failures: string[], onlyMirrors: boolean): BootstrapError {
  const lines = failures.length > 0 ? failures : ['there is no mirror, and artifacts.onlyMirrors is set'];
  return new BootstrapError('E_DOWNLOAD', `could not get ${artifact.path}\n  ${lines.join('\n  ')}`, {
    hint: onlyMirrors
      ? 'Put the file on a mirror under this path, or allow the official addresses by artifacts.onlyMirrors: false.'
      : 'Check the network and its proxy, or name a mirror in artifacts.mirrors.',
  });
}
