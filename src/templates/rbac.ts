import { readData, readDocuments } from '../kernel/data.ts';

/** An object as a manifest has it. */
export interface ManifestObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly [field: string]: unknown;
}

/** The objects of a file of `templates/rbac/`. */
export const rbacManifest = (name: 'kubelet-api' | 'pod-security' | 'flannel'): readonly ManifestObject[] =>
  readDocuments(`templates/rbac/${name}.yaml`) as ManifestObject[];

/** As in Kubernetes: https://v1-16.docs.kubernetes.io/docs/reference/generated/kubernetes-api/v1.16/#policyrule-v1-rbac-authorization-k8s-io */
export interface PolicyRule {
  readonly apiGroups?: readonly string[] | undefined;
  readonly resources?: readonly string[] | undefined;
  readonly resourceNames?: readonly string[] | undefined;
  readonly nonResourceURLs?: readonly string[] | undefined;
  readonly verbs: readonly string[];
}

export interface NamedRules {
  readonly name: string;
  readonly rules: readonly PolicyRule[];
}

/** The keys of `templates/rbac/presets.yaml`. */
export const ROLE_PRESETS = ['admin', 'edit', 'view', 'cluster-admin', 'deployer'] as const;
export type RolePreset = (typeof ROLE_PRESETS)[number];

/** What a preset gives: see `templates/rbac/presets.yaml`. */
export interface Preset {
  readonly role?: NamedRules;
  readonly clusterRole?: NamedRules;
  readonly bind?: string;
  readonly clusterBind?: string;
}

let loaded: Readonly<Record<RolePreset, Preset>> | undefined;

/** All presets, by the names that a user's `role` may have. */
export function presets(): Readonly<Record<RolePreset, Preset>> {
  loaded ??= readData('templates/rbac/presets.yaml') as Record<RolePreset, Preset>;
  return loaded;
}

/** A row of `templates/rbac/cautions.yaml`. */
interface Caution {
  readonly everywhere: boolean;
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly says: string;
}

interface Rules {
  readonly rules: readonly PolicyRule[];
  readonly clusterRules: readonly PolicyRule[];
}

let cautions: readonly Caution[] | undefined;

/** What a role comes to beyond its words, each as the end of a sentence about who has it. */
export function cautionsOf(role: RolePreset | Rules | undefined): string[] {
  if (role === undefined) return [];
  const { rules, clusterRules } = typeof role === 'string' ? rulesOf(role) : role;
  cautions ??= readData('templates/rbac/cautions.yaml') as Caution[];
  return cautions
    .filter((caution) =>
      (caution.everywhere ? clusterRules : [...rules, ...clusterRules]).some((rule) => gives(rule, caution)),
    )
    .map(({ says }) => says);
}

/** What binds a ClusterRole of Kubernetes has no rules here. */
function rulesOf(preset: RolePreset): Rules {
  const { role, clusterRole } = presets()[preset];
  return { rules: role?.rules ?? [], clusterRules: clusterRole?.rules ?? [] };
}

const gives = ({ resources = [], resourceNames = [], verbs }: PolicyRule, caution: Caution): boolean =>
  resourceNames.length === 0 &&
  [...caution.resources, '*'].some((one) => resources.includes(one)) &&
  [...caution.verbs, '*'].some((one) => verbs.includes(one));
