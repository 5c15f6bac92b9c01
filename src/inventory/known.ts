import type { ComponentName, ConfiguredComponent } from '../kernel/components.ts';
import type { Requirement } from '../kernel/requirement.ts';

/** What an inventory cannot know by itself: it comes from the release data. */
export interface Known {
  /** Kubernetes versions that can be installed, as `v1.16.3`. */
  readonly versions: readonly string[];
  readonly release: KnownRelease;
}

/** What a version of Kubernetes decides. */
export interface KnownRelease {
  /** Installed where the inventory names no version of its own. */
  readonly etcd: { readonly version: string };
  readonly cni: { readonly version: string };
  readonly flannel: { readonly version: string };
  readonly pauseImage: string;
  readonly corednsImage: string;
  /** Whether a component has this flag (name without dashes). */
  flag(component: ComponentName, flag: string): KnownFlag;
  /** All flags of a component, for "did you mean". */
  flagNames(component: ComponentName): readonly string[];
  configFields(component: ConfiguredComponent): FieldTree;
  /** What flags and fields must say so that nobody gets in who should not. */
  hardening(component: ComponentName): Readonly<Record<'flags' | 'fields', readonly Requirement[]>>;
}

export interface KnownFlag {
  readonly known: boolean;
  readonly deprecated: boolean;
  /** Where to read about it. */
  readonly link: string;
}

/** What a field of a component's configuration file holds. */
export type FieldKind =
  'text' | 'whole' | 'number' | 'boolean' | 'duration' | 'texts' | 'text map' | 'boolean map' | 'texts map';

export interface FieldTree {
  readonly [name: string]: FieldKind | FieldTree;
}
