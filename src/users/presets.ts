import type { PolicyRule, RolePreset } from '../inventory/types.ts';
import { readData } from '../kernel/data.ts';

/** What a preset gives: see `templates/rbac/presets.yaml`. */
export interface Preset {
  readonly role?: NamedRules;
  readonly clusterRole?: NamedRules;
  readonly bind?: string;
  readonly clusterBind?: string;
}

export interface NamedRules {
  readonly name: string;
  readonly rules: readonly PolicyRule[];
}

let loaded: Readonly<Record<RolePreset, Preset>> | undefined;

/** All presets, by the names that a user's `role` may have. */
export function presets(): Readonly<Record<RolePreset, Preset>> {
  loaded ??= readData('templates/rbac/presets.yaml') as Record<RolePreset, Preset>;
  return loaded;
}
