import { BootstrapError } from '../kernel/errors.ts';
import { unpack } from './archive.ts';
import type { Artifact } from './artifact.ts';
import { cachedMember, findCached, type StoredFile } from './cache.ts';
import { readChecksums } from './checksums.ts';
import { openHttpClient, type ProxyEnvironment } from './http.ts';
import { openLockFile } from './lock-file.ts';
import { openNoteKey } from './note-key.ts';
import { obtain, sourcesOf, type Context } from './obtain.ts';
import {
  expectedMember,
  expectedSha256,
  expectedSum,
  isKnown,
  memberKey,
  originOf,
  refusePlain,
} from './pins.ts';
import type { ArtifactStoreOptions } from './store-options.ts';

/** Verified artifacts on the controller, fetched at most once. */
export interface ArtifactStore {
  /**
   * The SHA-256 that an artifact, or a member of it, will have; undefined before its first download when nobody
   * has published one. The inventory's checksums win over the release's, those over the lock file, and all of them
   * over the archive that it is also in.
   */
  expected(artifact: Artifact, member?: string): string | undefined;
  /** Whether nobody knows it, or a member of it, but by an archive that is pinned, and was not fetched yet. */
  isInArchive(artifact: Artifact, member?: string): boolean;
  /** Whether anybody has said it of anything: inventory, release, or an earlier download. */
  isKnown(sha256: string): boolean;
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
  const whole = (artifact: Artifact): Promise<StoredFile> =>
    once(fetched, artifact.path, () => obtain(context, artifact));
  const memberOf = async (artifact: Artifact, name: string): Promise<StoredFile> => {
    if (!artifact.archive?.members.includes(name)) throw noMember(artifact, name);
    const members = await once(unpacked, artifact.path, async () =>
      membersOf(context, artifact, await whole(artifact)),
    );
    return members.get(name) ?? Promise.reject(noMember(artifact, name));
  };

  const expected: ArtifactStore['expected'] = (wanted, name) => {
    const { artifact, member } = originOf(context, wanted, name);
    return member === undefined
      ? expectedSha256(context, artifact)
      : expectedMember(context, artifact, member);
  };
  return {
    expected,
    isInArchive: (wanted, name) => {
      const { artifact, member } = originOf(context, wanted, name);
      const isPinned = member !== undefined && expectedSum(context, artifact) !== undefined;
      return isPinned && expected(wanted, name) === undefined;
    },
    isKnown: (sha256) => isKnown(context, sha256),
    admit: (wanted) => {
      const { artifact } = originOf(context, wanted);
      if (expectedSum(context, artifact) !== undefined) return;
      for (const source of sourcesOf(context, artifact)) refusePlain(source, artifact);
    },
    fetch: (wanted) => {
      const { artifact, member } = originOf(context, wanted);
      return member === undefined ? whole(artifact) : memberOf(artifact, member);
    },
    member: memberOf,
    close: () => context.http.close(),
  };
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
