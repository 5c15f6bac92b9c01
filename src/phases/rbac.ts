import { readDocuments } from '../kernel/data.ts';
import { binary, paths } from '../release/paths.ts';
import { type KubeObject, kubeObject } from '../resources/object.ts';
import { apiHost } from './cluster.ts';
import type { Phase, World } from './phase.ts';

export const kubectl = `${binary('kubectl')} --kubeconfig=${paths.adminConf}`;

/** Rights that the components need and that no controller makes; the files are `templates/rbac`. */
export const rbacPhase: Phase = {
  id: 'rbac',
  title: 'Bootstrap RBAC',
  batch: 'parallel',
  hosts: apiHost,
  resources: (world) => objects(world).map((object) => kubeObject(apiPath(object), object, kubectl)),
};

const objects = (world: World): KubeObject[] => [
  ...manifest('kubelet-api.yaml'),
  ...(world.inventory.profile === 'cis' ? manifest('pod-security.yaml') : []),
];

const manifest = (name: string): KubeObject[] => readDocuments(`templates/rbac/${name}`) as KubeObject[];

/** Plural and scope of the kinds we write; https://v1-16.docs.kubernetes.io/docs/reference/generated/kubernetes-api/v1.16/ */
const PLURALS: Readonly<Record<string, string>> = {
  ClusterRole: 'clusterroles',
  ClusterRoleBinding: 'clusterrolebindings',
  Role: 'roles',
  RoleBinding: 'rolebindings',
  PodSecurityPolicy: 'podsecuritypolicies',
};

export function apiPath({ apiVersion, kind, metadata }: KubeObject): string {
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const scope = metadata.namespace === undefined ? '' : `/namespaces/${metadata.namespace}`;
  return `${root}${scope}/${PLURALS[kind] ?? `${kind.toLowerCase()}s`}/${encodeURIComponent(metadata.name)}`;
}
