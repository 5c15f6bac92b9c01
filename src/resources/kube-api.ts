import { binaryPath, paths } from '../kernel/host-paths.ts';
import type { KubeObject } from './object.ts';

/** How a master talks to its API server: its own kubectl, as the administrator. */
export const kubectl = `${binaryPath('kubectl')} --kubeconfig=${paths.adminConf}`;

/** API path of a host's Node object. */
export const nodePath = ({ name }: { readonly name: string }): string => `/api/v1/nodes/${name}`;

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
