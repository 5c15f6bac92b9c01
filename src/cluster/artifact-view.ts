import type { Artifacts } from '../inventory/types.ts';
import type { ArtifactView } from '../phases/phase.ts';
import type { Artifact } from '../release/artifact.ts';
import type { ArtifactStore } from '../release/artifact-store.ts';
import type { StoredFile } from '../release/cache.ts';
import { unpinned } from '../release/pins.ts';
import { artifactSources } from '../release/source.ts';
import { fileContent } from '../resources/content.ts';
import type { Content, Download } from '../resources/step.ts';

/** The artifact store as phases see it, by the inventory's choice of who fetches. */
export function artifactView(
  store: ArtifactStore,
  settings: Artifacts,
): ArtifactView & {
  /** Fetches what was said to come. */
  readonly settle: () => Promise<void>;
} {
  const fetched = (artifact: Artifact, member?: string): Promise<StoredFile> =>
    member === undefined ? store.fetch(artifact) : store.member(artifact, member);
  const awaited = new Map<string, () => Promise<StoredFile>>();
  const byController = (artifact: Artifact, member?: string) => async (): Promise<Content> => {
    const { file, size, sha256 } = await fetched(artifact, member);
    return fileContent(file, size, sha256);
  };
  return {
    expected: (artifact, member) => store.expected(artifact, member),
    comes: (artifact, member) => {
      // Where hosts fetch archives by themselves, the controller may be unable to.
      const byHosts = member !== undefined && settings.fetch === 'host';
      if (byHosts || !store.isInArchive(artifact, member)) return false;
      awaited.set(`${artifact.path}#${member ?? ''}`, () => fetched(artifact, member));
      return true;
    },
    settle: async () => {
      await Promise.all([...awaited.values()].map((fetch) => fetch()));
      awaited.clear();
    },
    isKnown: (sha256) => store.isKnown(sha256),
    admit: (artifact) => {
      store.admit(artifact);
    },
    source: (artifact, member) =>
      settings.fetch === 'host' ? byHost(store, settings, artifact, member) : byController(artifact, member),
  };
}

/** A host must know what it should get: without a pinned checksum it fetches nothing. */
function byHost(store: ArtifactStore, settings: Artifacts, artifact: Artifact, member?: string): Download {
  const sha256 = store.expected(artifact);
  if (sha256 === undefined) {
    throw unpinned(
      artifact,
      'hosts fetch only what is pinned by SHA-256',
      'Name a file with it in artifacts.checksums, or set artifacts.fetch to controller once: what that run fetches is in the lock file afterwards.',
    );
  }
  const urls = artifactSources(artifact, settings.mirrors, settings.onlyMirrors).flatMap((source) =>
    source.kind === 'http' ? [source.url.href] : [],
  );
  return {
    urls,
    sha256,
    member: member === undefined ? undefined : `${artifact.archive?.folder ?? ''}${member}`,
  };
}
