import type { Host, Inventory } from '../inventory/types.ts';
import type { CertificateSpec } from '../pki/spec.ts';
import type { GivenClient } from '../pki/given-client.ts';
import type { PkiStore } from '../pki/open-pki-store.ts';
import type { Batch, Gate } from '../plan/stage.ts';
import type { Artifact } from '../release/artifact.ts';
import type { PreloadedImages } from '../release/image-archive.ts';
import type { Release } from '../release/release.ts';
import type { Observed, Watch } from '../probe/observe.ts';
import type { Resource } from '../resources/resource.ts';
import type { Content, Download } from '../resources/step.ts';
import type { UserStore } from '../users/user-store.ts';
import type { HostFacts } from '../facts/facts.ts';

/**
 * One part of the work, as a value. The list of them in `index.ts` is the product's table of contents;
 * `--only`, `--skip`, `phases` and the progress view are derived from it.
 */
export interface Phase {
  readonly id: string;
  readonly title: string;
  readonly batch: Batch;
  /** Of a rolling phase: of so many hosts, how many have to be well while one is out of service; none by default. */
  mustStand?(hosts: number): number;
  /** Whether a host is taken in by those that are there, one at a time; none is by default. */
  joins?(world: World, host: Host): boolean;
  /** Hosts that take part; a function of the inventory and, for API objects, of who answers. */
  hosts(world: World): readonly Host[];
  /** Questions beyond what the resources watch by themselves: facts that decide what is wanted. */
  watch?(world: World, host: Host): readonly Watch[];
  /** What is wanted on a host. Pure: no clock, no random, no transport. */
  resources(world: World, host: Host): readonly Resource[];
  gates?(world: World, host: Host): readonly Gate[];
}

/** Everything a phase may know: what was written down, what was seen, what exists. */
export interface World {
  readonly inventory: Inventory;
  readonly release: Release;
  readonly pki: PkiStore;
  /** Who masters are to an etcd that somebody else runs; `undefined` without one. */
  readonly etcdClient?: GivenClient | undefined;
  /** What `images.preload` has; none without it. */
  readonly preloaded?: PreloadedImages;
  readonly users: UserStore;
  /** Whether users whom nothing declares any more lose their rights in this run. */
  readonly prune: boolean;
  /**
   * Whether the run began without an API server that could tell what was decided of people, beside a cluster that stands:
   * until one has, nobody gets or loses a row of the token file by what the state folder says.
   */
  readonly undecided?: boolean;
  /** A certificate's remaining life is judged against it; later in a run than at its start. */
  readonly now: Date;
  /** Certificates of before a moment that are made anew although they would do. */
  readonly renewal?: { readonly names: ReadonlySet<CertificateSpec['id']>; readonly asked: Date } | undefined;
  readonly artifacts: ArtifactView;
  /** Facts of any host of the inventory; of one that was not seen, those of a fresh CentOS 7. */
  facts(host: string): HostFacts;
  /** What was seen on a host; `undefined` when it was not reached. */
  seen(host: string): Observed | undefined;
}

/** Files to install as phases see them. */
export interface ArtifactView {
  /** Digest that a binary must have, or `undefined` while nothing has pinned it. */
  expected(artifact: Artifact, member?: string): string | undefined;
  /** Whether a digest is that of anything whose checksum is known: what a host has may be of another version. */
  isKnown(sha256: string): boolean;
  /**
   * Whether its digest is known as soon as the archive that it is in was fetched, which is then done before the first
   * change: what a host has can be judged by nothing else.
   */
  comes(artifact: Artifact, member?: string): boolean;
  /**
   * Asked before it is brought to any host.
   * @throws E_CHECKSUM_UNKNOWN when nothing pins what would come over plain http
   */
  admit(artifact: Artifact): void;
  /** How it gets to a host: brought to the controller first, or fetched by the host. */
  source(artifact: Artifact, member?: string): (() => Promise<Content>) | Download;
}
