import { BootstrapError } from '../kernel/errors.ts';
import type { Artifact } from './artifact.ts';
import type { Checksums } from './checksums.ts';
import type { LockFile } from './lock-file.ts';
import { describeSource, type ArtifactSource } from './source.ts';

/** What an artifact has to be, by whoever has said so. */
export interface Pins {
  /** The inventory's own checksums: they replace the release's. */
  readonly override: Checksums;
  readonly lock: LockFile;
}

export const expectedSum = ({ override, lock }: Pins, artifact: Artifact): string | undefined =>
  override.get(artifact.path) ?? artifact.sha256 ?? lock.get(artifact.path);

/** A member's sum was learnt by unpacking; it holds only for the archive it was unpacked from. */
export function expectedMember(pins: Pins, artifact: Artifact, member: string): string | undefined {
  const archive = pins.lock.get(artifact.path);
  return archive !== undefined && archive === expectedSum(pins, artifact)
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
    `Write "${artifact.path}: " and its SHA-256 into a file that artifacts.checksums names, or use a mirror with https.`,
  );
}

export const unpinned = (artifact: Artifact, why: string, hint: string): BootstrapError =>
  new BootstrapError(
    'E_CHECKSUM_UNKNOWN',
    `no checksum is known of ${artifact.name} ${artifact.version} (${artifact.arch}), and ${why}`,
    { hint },
  );
