/** What belongs to the cluster and is no component of it. */
export interface AddonList {
  readonly addons: readonly AddonState[];
  /** Whether all that are on do their work, and none is left that is not. */
  readonly well: boolean;
}

export interface AddonState {
  readonly name: string;
  /** Of the objects that this program has. */
  readonly version: string;
  /** Whether the inventory names it. */
  readonly on: boolean;
  /** `left`: it is there, and the inventory does not name it; `unknown`: no API server answered. */
  readonly state: 'well' | 'waits' | 'off' | 'left' | 'unknown';
  /** What is missing, with the pod that waits and its cause; `null` when nothing is. */
  readonly problem: string | null;
  /** What its pods really run, by node. */
  readonly images: readonly AddonImage[];
}

export interface AddonImage {
  /** Name of the node; `null` of a pod that no node has taken. */
  readonly node: string | null;
  /** As the runtime names it. */
  readonly image: string;
  /** `sha256:…`, with the repository before it where it was pulled from one; `null` before it is there. */
  readonly id: string | null;
}

/** What an inventory needs of registries. */
export interface ImageList {
  readonly images: readonly NeededImage[];
}

export interface NeededImage {
  /** The name that pods ask for. */
  readonly image: string;
  /** Who asks for it: `coredns`, or an add-on. */
  readonly for: string;
  /** What is pulled in its stead, by `images.mirrors`; `null` when it itself is. */
  readonly from: string | null;
  /** The file of `images.preload` that brings it, by its name. */
  readonly archive: string | null;
  /** `sha256:…`, where the name says it. */
  readonly digest: string | null;
}
