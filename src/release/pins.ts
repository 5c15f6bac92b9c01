import { BootstrapError } from '../kernel/errors.ts';
import type { Artifact } from './artifact.ts';
import { isSha512, publishedChecksums, type Checksums } from './checksums.ts';
import type { LockFile } from './lock-file.ts';
import { describeSource, type ArtifactSource } from './source.ts';

/** What an artifact has to be, by whoever has said so. */
export interface Pins {
  /** The inventory's own checksums: they replace the release's. */
  readonly override: Checksums;
  readonly lock: LockFile;
}

/** What a download is compared with: a SHA-256 or SHA-512. */
export const expectedSum = ({ override, lock }: Pins, artifact: Artifact): string | undefined =>
  override.get(artifact.path) ?? artifact.checksum ?? lock.get(artifact.path);

/** Whether a SHA-256 is that of anything: by the inventory, the release, or an earlier download. */
export const isKnown = ({ override, lock }: Pins, sha256: string): boolean =>
  [override, publishedChecksums()].some((sums) => [...sums.values()].includes(sha256)) || lock.has(sha256);

/** What cache and hosts go by. Of what is pinned by its SHA-512 no more is known than a download has told. */
export function expectedSha256(pins: Pins, artifact: Artifact): string | undefined {
  const expected = expectedSum(pins, artifact);
  return isSha512(expected) ? pins.lock.get(sha512Key(artifact, expected)) : expected;
}

/** Under which the lock file has the SHA-256 of what has this SHA-512, and of nothing else that has the path. */
export const sha512Key = (artifact: Artifact, sha512: string): string => `${artifact.path}#sha512:${sha512}`;

export interface Origin {
  readonly artifact: Artifact;
  /** When `artifact` is an archive, and this is wanted of it. */
  readonly member: string | undefined;
}

/** Whose own checksum nobody knows comes out of the archive that it is in, where that one's is known. */
export function originOf(pins: Pins, artifact: Artifact, member?: string): Origin {
  const { name, within } = artifact;
  return within !== undefined &&
    expectedSum(pins, artifact) === undefined &&
    expectedSum(pins, within) !== undefined
    ? { artifact: within, member: name }
    : { artifact, member };
}

/** A member's sum was learnt by unpacking; it holds only for the archive it was unpacked from. */
export function expectedMember(pins: Pins, artifact: Artifact, member: string): string | undefined {
  const archive = pins.lock.get(artifact.path);
  return archive !== undefined && archive === expectedSha256(pins, artifact)
    ? pins.lock.get(memberKey(artifact, member))
    : undefined;
}

/** Under which the lock file has a member. */
export const memberKey = (artifact: Artifact, member: string): string => `${artifact.path}#${member}`;

/**
 * Over plain http anybody on the way can send another program, and hosts run it as root: there what comes is
 * compared with what was known before, or not taken.
 * @throws E_CHECKSUM_UNKNOWN
 */
export function refusePlain(source: ArtifactSource, artifact: Artifact): void {
  if (source.kind === 'folder' || source.url.protocol === 'https:') return;
  throw unpinned(
    artifact,
    `${describeSource(source)} is plain http: whoever is on the way could replace it`,
    `Write "${artifact.path}: " and its checksum into a file that artifacts.checksums names, or use a mirror with https.`,
  );
}

export const unpinned = (artifact: Artifact, why: string, hint: string): BootstrapError =>
  new BootstrapError(
    'E_CHECKSUM_UNKNOWN',
    `no checksum is known of ${artifact.name} ${artifact.version} (${artifact.arch}), and ${why}`,
    { hint },
  );
