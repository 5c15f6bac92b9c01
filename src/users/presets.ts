import { readFileSync } from 'node:fs';
import { CORE_SCHEMA, load } from 'js-yaml';
import type { PolicyRule, RolePreset } from '../inventory/types.ts';

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
  loaded ??= load(readFileSync(new URL('../../templates/rbac/presets.yaml', import.meta.url), 'utf8'), {
    schema: CORE_SCHEMA,
  }) as Record<RolePreset, Preset>;
  return loaded;
}
