import { own } from '../kernel/mapping.ts';
import compare from 'semver/functions/compare.js';
import type { ComponentName, ConfiguredComponent } from '../kernel/components.ts';
import { BootstrapError } from '../kernel/errors.ts';
import { artifactFrom, normalVersion, type Arch, type Artifact } from './artifact.ts';
import { publishedChecksums, type Checksums } from './checksums.ts';
import { flagTable, type Flag, type FlagTable } from './flag-table.ts';
import { readArtifacts, readConfigFields, readHardening, readRelease, releaseNames } from './release-data.ts';
import type { Requirement } from '../kernel/requirement.ts';
import { requirementFrom } from './requirement.ts';
import type { ArtifactsData, ConfigFields, ReleaseData, SourceData, Weakness } from './release-data.ts';

/** Everything that depends on the version of Kubernetes: what to fetch, what goes together, which flags exist. */
export interface Release {
  /** `v1.16.3` */
  readonly version: string;
  /** `v1.16`: what is the same for all its patch versions is kept by it. */
  readonly minor: string;
  readonly pauseImage: string;
  readonly corednsImage: string;
  readonly etcd: PairedVersion;
  readonly cni: PairedVersion;
  readonly flannel: PairedVersion;
  readonly weaknesses: readonly Weakness[];
  /**
   * A Kubernetes binary, `etcd`, `cni-plugins`, `flannel`, or a program of an add-on, of which the release has no
   * version. Without `version` it is the release's own; any other works too (kubectl v1.17.1), though its checksum may
   * be unknown.
   * @throws E_ARTIFACT for a name, E_VERSION for a version that cannot be
   */
  artifact(name: string, arch: Arch, version?: string): Artifact;
  /** Names a host's package manager may have for a runtime, best first, and the first version that fails. */
  packages(runtime: 'docker' | 'containerd', family: 'rhel' | 'debian'): PackageChoice;
  /** What is known of a flag, given without its dashes. */
  flag(component: ComponentName, flag: string): Flag;
  flagNames(component: ComponentName): readonly string[];
  /** Fields of a component's configuration file. */
  configFields(component: ConfiguredComponent): ConfigFields;
  /** What a component's flags and fields must say so that it is hardened: `release/hardening/MINOR.yaml`. */
  hardening(component: ComponentName): Hardening;
}

export type Hardening = Readonly<Record<'flags' | 'fields', readonly Requirement[]>>;

export interface PairedVersion {
  /** Taken when the inventory names none. */
  readonly version: string;
  readonly tried: readonly string[];
}

export interface PackageChoice {
  readonly names: readonly string[];
  readonly below: string;
}

/** Versions of Kubernetes that can be installed, oldest first. */
export const knownVersions = (): string[] => releaseNames().sort(compare);

/**
 * @throws E_RELEASE when the version is not one of `knownVersions()`
 */
export function loadRelease(version: string): Release {
  const wanted = normalVersion(version);
  if (!releaseNames().includes(wanted)) {
    throw new BootstrapError(
      'E_RELEASE',
      `kubernetes ${version} is not among the versions this program knows`,
      {
        hint: `Choose one of ${knownVersions().join(', ')}.`,
      },
    );
  }
  return releaseOf(readRelease(wanted), readArtifacts(), publishedChecksums());
}

/**
 * The word in file names for what `uname -m` says: `x86_64` is `amd64`.
 * @throws E_ARCH when no binaries are known for it
 */
export function archOf(machine: string): Arch {
  const { architectures } = readArtifacts();
  const arch = own(architectures, machine);
  if (arch === undefined) {
    throw new BootstrapError('E_ARCH', `no binaries are known for a ${machine} machine`, {
      hint: `Hosts can be ${Object.keys(architectures).join(' or ')}.`,
    });
  }
  return arch;
}

/**
 * Programs that are unpacked of an archive, whatever its version.
 * @throws E_BUG when it is none
 */
export function programsIn(name: string): readonly string[] {
  const source = sourceOf(readArtifacts(), name);
  if (!source?.archive) throw new BootstrapError('E_BUG', `${name} is no archive`);
  return source.archive.members;
}

const sourceOf = ({ sources }: ArtifactsData, name: string): SourceData | undefined =>
  Object.values(sources).find(({ names }) => names.includes(name));

const pinned = (artifact: Artifact, pins: Checksums): Artifact => ({
  ...artifact,
  checksum: pins.get(artifact.path),
  within: artifact.within && pinned(artifact.within, pins),
});

function releaseOf(data: ReleaseData, artifacts: ArtifactsData, pins: Checksums): Release {
  const { sources } = artifacts;
  const minor = data.kubernetes.replace(/[.]\d+$/, '');
  const tables = new Map<string, FlagTable>();
  const table = (component: ComponentName): FlagTable => {
    const found = tables.get(component) ?? flagTable(minor, component);
    tables.set(component, found);
    return found;
  };
  const ownVersions = new Map<SourceData, string>([
    [sources.kubernetes, data.kubernetes],
    [sources.etcd, data.etcd.version],
    [sources.cni, data.cni.version],
    [sources.flannel, data.flannel.version],
  ]);
  return {
    version: data.kubernetes,
    minor,
    pauseImage: data.pause,
    corednsImage: data.coredns,
    etcd: data.etcd,
    cni: data.cni,
    flannel: data.flannel,
    weaknesses: data.weaknesses,
    artifact: (name, arch, version) => {
      const source = sourceOf(artifacts, name);
      const wanted = version ?? (source && ownVersions.get(source));
      if (source === undefined || wanted === undefined) {
        throw new BootstrapError('E_ARTIFACT', `there is no artifact "${name}"`, {
          hint: `Known ones are ${Object.values(sources)
            .flatMap(({ names }) => names)
            .join(', ')}.`,
        });
      }
      return pinned(artifactFrom(source, name, normalVersion(wanted), arch), pins);
    },
    packages: (runtime, family) => ({
      names: data.packages[runtime][family],
      below: data.packages[runtime].below,
    }),
    flag: (component, flag) => table(component).flag(flag),
    flagNames: (component) => table(component).names,
    configFields: (component) => readConfigFields(minor, component),
    hardening: (component) => {
      const { flags = [], fields = [] } = readHardening(minor)[component] ?? {};
      return { flags: flags.map(requirementFrom), fields: fields.map(requirementFrom) };
    },
  };
}
