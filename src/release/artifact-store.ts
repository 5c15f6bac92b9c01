import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { BootstrapError } from '../kernel/errors.ts';
import { unpack } from './archive.ts';
import type { Artifact } from './artifact.ts';
import { cachedFile, cachedMember, findCached, keep, type StoredFile } from './cache.ts';
import { isSha256, readChecksums } from './checksums.ts';
import { download } from './download.ts';
import { openHttpClient, type HttpClient, type ProxyEnvironment } from './http.ts';
import { openLockFile } from './lock-file.ts';
import { openNoteKey, type NoteKey } from './note-key.ts';
import { claimPartial } from './partial.ts';
import { expectedMember, expectedSum, memberKey, refusePlain, type Pins } from './pins.ts';
import { describeSource, artifactSources, type ArtifactSource } from './source.ts';

export interface ArtifactStoreOptions {
  /** Absolute; made when needed. Clusters may share it. */
  readonly cacheFolder: string;
  /** Absolute; where the key lies that signs our notes on the cache. Nothing of it comes with an inventory. */
  readonly keyFolder: string;
  /** Base URLs or absolute folders, asked in order before the makers' own addresses. */
  readonly mirrors: readonly string[];
  readonly onlyMirrors: boolean;
  /** The inventory's own checksums: they replace the release's. */
  readonly checksumsFile: string | undefined;
  /** Beside the inventory; need not exist. */
  readonly lockFile: string;
  readonly proxyEnv?: ProxyEnvironment;
  readonly onProgress?: (progress: DownloadProgress) => void;
  /** What nobody had pinned was downloaded, and holds from now on. */
  readonly onTrust?: (trusted: Trusted) => void;
  readonly signal?: AbortSignal;
  /** How long a server may say nothing, in ms; default 30 s. */
  readonly idleTimeoutMs?: number;
  /** Delay before a failed request is repeated, in ms; it doubles each time. Default 500. */
  readonly retryDelayMs?: number;
}

export interface DownloadProgress {
  readonly artifact: Artifact;
  readonly bytes: number;
  /** Undefined when the server does not say. */
  readonly total: number | undefined;
  /** Host name of the server, or the folder. */
  readonly from: string;
}

export interface Trusted {
  readonly artifact: Artifact;
  readonly sha256: string;
  /** Address or file, without a password. */
  readonly from: string;
}

/** Verified artifacts on the controller, fetched at most once. */
export interface ArtifactStore {
  /**
   * The SHA-256 that an artifact, or a member of it, will have; undefined before its first download when nobody
   * has published one. The inventory's checksums win over the release's, those over the lock file.
   */
  expected(artifact: Artifact, member?: string): string | undefined;
  /**
   * Whether it may be fetched at all, to be asked before anything is done.
   * @throws E_CHECKSUM_UNKNOWN when nothing pins it and one of its sources is plain http
   */
  admit(artifact: Artifact): void;
  /**
   * The artifact as a verified file of the cache, downloaded if need be.
   * @throws what `admit` throws, E_CHECKSUM, E_DOWNLOAD with the cause of each source, E_DISK_FULL, E_CACHE, E_ABORTED
   */
  fetch(artifact: Artifact): Promise<StoredFile>;
  /**
   * A member of an archive as a verified file; all members are unpacked at once.
   * @throws E_ARTIFACT when it is none, E_ARCHIVE, and what `fetch` throws
   */
  member(artifact: Artifact, name: string): Promise<StoredFile>;
  close(): Promise<void>;
}

const noProxy: ProxyEnvironment = { httpProxy: undefined, httpsProxy: undefined, noProxy: undefined };

/**
 * @throws E_CHECKSUMS_FILE when the checksums or the lock file cannot be read
 */
export function openArtifactStore(options: ArtifactStoreOptions): ArtifactStore {
  const context: Context = {
    options,
    key: openNoteKey(options.keyFolder),
    override: options.checksumsFile === undefined ? new Map() : readChecksums(options.checksumsFile),
    lock: openLockFile(options.lockFile),
    http: openHttpClient({
      proxy: options.proxyEnv ?? noProxy,
      signal: options.signal,
      idleTimeoutMs: options.idleTimeoutMs ?? 30_000,
    }),
  };
  const fetched = new Map<string, Promise<StoredFile>>();
  const unpacked = new Map<string, Promise<ReadonlyMap<string, StoredFile>>>();
  const fetch = (artifact: Artifact): Promise<StoredFile> =>
    once(fetched, artifact.path, () => obtain(context, artifact));

  return {
    expected: (artifact, member) =>
      member === undefined ? expectedSum(context, artifact) : expectedMember(context, artifact, member),
    admit: (artifact) => {
      if (expectedSum(context, artifact) !== undefined) return;
      for (const source of sourcesOf(context, artifact)) refusePlain(source, artifact);
    },
    fetch,
    member: async (artifact, name) => {
      if (!artifact.archive?.members.includes(name)) throw noMember(artifact, name);
      const members = await once(unpacked, artifact.path, async () =>
        membersOf(context, artifact, await fetch(artifact)),
      );
      return members.get(name) ?? Promise.reject(noMember(artifact, name));
    },
    close: () => context.http.close(),
  };
}

interface Context extends Pins {
  readonly key: NoteKey;
  readonly options: ArtifactStoreOptions;
  readonly http: HttpClient;
}

/** Callers share one promise; a failure is forgotten, so that a later call tries again. */
function once<T>(running: Map<string, Promise<T>>, key: string, action: () => Promise<T>): Promise<T> {
  const known = running.get(key);
  if (known !== undefined) return known;
  const started = action();
  running.set(key, started);
  started.catch(() => running.delete(key));
  return started;
}

const sourcesOf = ({ options }: Context, artifact: Artifact): ArtifactSource[] =>
  artifactSources(artifact, options.mirrors, options.onlyMirrors);

async function obtain(context: Context, artifact: Artifact): Promise<StoredFile> {
  const { cacheFolder, onlyMirrors, onTrust } = context.options;
  const expected = expectedSum(context, artifact);
  const cached =
    expected && (await findCached(context.key, cachedFile(cacheFolder, expected, artifact.path), expected));
  if (cached) return cached;

  const failures: string[] = [];
  for (const source of sourcesOf(context, artifact)) {
    try {
      if (expected === undefined) refusePlain(source, artifact);
      const stored = await obtainFrom(context, artifact, source, expected);
      if (expected === undefined) {
        await context.lock.record(new Map([[artifact.path, stored.sha256]]));
        onTrust?.({ artifact, sha256: stored.sha256, from: describeSource(source) });
      }
      return stored;
    } catch (error) {
      if (!(error instanceof BootstrapError) || !/^E_SOURCE/.test(error.code)) throw error;
      failures.push(`${describeSource(source)}: ${error.message}`);
    }
  }
  throw downloadFailure(artifact, failures, onlyMirrors);
}

async function obtainFrom(
  context: Context,
  artifact: Artifact,
  source: ArtifactSource,
  known: string | undefined,
): Promise<StoredFile> {
  const { cacheFolder, onProgress, signal, retryDelayMs = 500 } = context.options;
  const expected = known ?? (await publishedSum(context, source));
  const cached =
    expected && (await findCached(context.key, cachedFile(cacheFolder, expected, artifact.path), expected));
  if (cached) return cached;

  const key = createHash('sha256')
    .update(`${artifact.path}\n${expected ?? ''}`)
    .digest('hex')
    .slice(0, 32);
  const partial = await claimPartial(join(cacheFolder, 'partial'), key);
  const from = source.kind === 'http' ? source.url.hostname : source.file;
  try {
    const sha256 = await download({
      source,
      file: partial.file,
      expected,
      magic: artifact.archive ? gzipMagic : elfMagic,
      http: context.http,
      signal,
      retryDelayMs,
      onBytes: (bytes, total) => onProgress?.({ artifact, bytes, total, from }),
    });
    return await keep(context.key, partial.file, cachedFile(cacheFolder, sha256, artifact.path), sha256);
  } catch (error) {
    // Without a checksum nobody could tell whether the rest belongs to it.
    await (expected === undefined ? partial.remove() : partial.release());
    throw error;
  }
}

const gzipMagic = Buffer.from([0x1f, 0x8b]);
const elfMagic = Buffer.from('\x7fELF', 'latin1');

/** The checksum that a server offers beside the file, as dl.k8s.io does; what is not pinned comes over https only. */
async function publishedSum({ http }: Context, source: ArtifactSource): Promise<string | undefined> {
  if (source.kind !== 'http') return undefined;
  const url = new URL(source.url);
  url.pathname += '.sha256';
  try {
    const { body } = await http.get(url, 0);
    const chunks: Buffer[] = [];
    for await (const chunk of body as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      if (chunks.length > 16) break; // no checksum is that long
    }
    const word = Buffer.concat(chunks).toString('latin1').trim().split(/\s/)[0]?.toLowerCase();
    return isSha256(word) ? word : undefined;
  } catch {
    return undefined; // most servers have none
  }
}

async function membersOf(
  context: Context,
  artifact: Artifact,
  stored: StoredFile,
): Promise<ReadonlyMap<string, StoredFile>> {
  const { archive } = artifact;
  if (archive === undefined) return new Map();
  const target = (name: string): string => cachedMember(context.options.cacheFolder, stored.sha256, name);
  const cached = await Promise.all(
    archive.members.map(async (name) => [name, await findCached(context.key, target(name))] as const),
  );
  const found = new Map(cached.flatMap(([name, file]) => (file ? [[name, file] as const] : [])));
  const members =
    found.size === archive.members.length ? found : await unpack(stored.file, archive, target, context.key);
  const sums = [...members].map(([name, { sha256 }]) => [memberKey(artifact, name), sha256] as const);
  await context.lock.record(new Map([[artifact.path, stored.sha256], ...sums]), { replace: true });
  return members;
}

const noMember = (artifact: Artifact, name: string): BootstrapError =>
  new BootstrapError('E_ARTIFACT', `${artifact.path} has no member "${name}"`, {
    hint: `Its members are ${artifact.archive?.members.join(', ') ?? 'none: it is not an archive'}.`,
  });

function downloadFailure(artifact: Artifact, failures: string[], onlyMirrors: boolean): BootstrapError {
  const lines = failures.length > 0 ? failures : ['there is no mirror, and artifacts.onlyMirrors is set'];
  return new BootstrapError('E_DOWNLOAD', `could not get ${artifact.path}\n  ${lines.join('\n  ')}`, {
    hint: onlyMirrors
      ? 'Put the file on a mirror under this path, or allow the official addresses by artifacts.onlyMirrors: false.'
      : 'Check the network and its proxy, or name a mirror in artifacts.mirrors.',
  });
}
