import type { Host } from '../../inventory/types.ts';
import { binaryPath } from '../../kernel/host-paths.ts';
import { archOf } from '../../release/release.ts';
import { binary } from '../../resources/binary.ts';
import type { Resource } from '../../resources/resource.ts';
import type { World } from '../phase.ts';

/** A binary of the release at its place under /usr/local/bin. */
export function releaseBinary(world: World, host: Host, name: string, version?: string): Resource {
  const artifact = world.release.artifact(name, archOf(world.facts(host.name).machine), version);
  return binary({
    path: binaryPath(name),
    sha256: world.artifacts.expected(artifact),
    from: `${name} ${artifact.version}`,
    isOther: (sha256) => world.artifacts.isKnown(sha256),
    comes: () => world.artifacts.comes(artifact),
    admit: () => {
      world.artifacts.admit(artifact);
    },
    source: world.artifacts.source(artifact),
  });
}

/** A member of a release archive, at `folder/NAME`. */
export function archiveBinary(
  world: World,
  host: Host,
  archive: {
    readonly name: string;
    readonly version: string;
    /** Whether people put it there by themselves, so that what a host has is compared before it is kept. */
    readonly isCommon?: boolean;
  },
  member: string,
  folder: string,
): Resource {
  const artifact = world.release.artifact(
    archive.name,
    archOf(world.facts(host.name).machine),
    archive.version,
  );
  return binary({
    path: `${folder}/${member}`,
    sha256: world.artifacts.expected(artifact, member),
    from: `${member} of ${archive.name} ${artifact.version}`,
    isOther: (sha256) => world.artifacts.isKnown(sha256),
    ...(archive.isCommon && { comes: () => world.artifacts.comes(artifact, member) }),
    admit: () => {
      world.artifacts.admit(artifact);
    },
    source: world.artifacts.source(artifact, member),
  });
}
