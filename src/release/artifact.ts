import { BootstrapError } from '../kernel/errors.ts';
import type { SourceData } from './release-data.ts';

export type Arch = 'amd64' | 'arm64';

/** One file to fetch: a binary, or an archive with binaries in it. Plain data; equal paths are equal artifacts. */
export interface Artifact {
  readonly name: string;
  /** With its `v`. */
  readonly version: string;
  readonly arch: Arch;
  /** Place on a mirror, relative to its base, and key in checksum files. */
  readonly path: string;
  /** Full addresses at the makers'. */
  readonly official: readonly string[];
  /** SHA-256 or SHA-512, pinned by the release; undefined where no published one is known. */
  readonly checksum: string | undefined;
  /** What is unpacked when the artifact is an archive. */
  readonly archive: Archive | undefined;
  /** The archive that has it too, under its name: where it comes from when only that one's checksum is known. */
  readonly within: Artifact | undefined;
}

export interface Archive {
  /** Prefix of the members' names within the archive. */
  readonly folder: string;
  readonly members: readonly string[];
}

/**
 * The version with its `v`, as file names have it: `3.4.23` and `v3.4.23` are the same.
 * @throws E_VERSION for anything but a release version (`latest`, `1.16`)
 */
export function normalVersion(text: string): string {
  const match = /^v?(\d+\.\d+\.\d+(?:-[0-9A-Za-z.]+)?)$/.exec(text);
  if (match?.[1] === undefined) {
    throw new BootstrapError('E_VERSION', `"${text}" is not a version`, {
      hint: 'Write all three numbers, like v1.16.3.',
    });
  }
  return `v${match[1]}`;
}

/** Fills in a source's templates. Checksums are left to whoever knows the pins. */
export function artifactFrom(
  source: Omit<SourceData, 'names'>,
  name: string,
  version: string,
  arch: Arch,
): Artifact {
  const fill = (template: string): string =>
    template.replaceAll('{name}', name).replaceAll('{version}', version).replaceAll('{arch}', arch);
  return {
    name,
    version,
    arch,
    path: fill(source.path),
    official: source.official.map(fill),
    checksum: undefined,
    archive: source.archive && { folder: fill(source.archive.folder), members: source.archive.members },
    within: source.within && artifactFrom(source.within, source.within.name, version, arch),
  };
}
