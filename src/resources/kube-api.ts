import { binaryPath, paths } from '../kernel/host-paths.ts';
import { oncePer } from '../kernel/once-per.ts';
import type { ApiAnswer, Observed } from '../probe/observe.ts';
import type { KubeObject } from './object.ts';

/**
 * How a master talks to its API server: its own kubectl, as the administrator. Never by way of a web proxy, which
 * /etc/environment may name for everybody: it knows nothing of the hosts' own network.
 */
export const kubectl = `env -u HTTPS_PROXY -u https_proxy ${binaryPath('kubectl')} --kubeconfig=${paths.adminConf}`;

/** API path of the list of all nodes: one question, however many there are. */
export const NODES = '/api/v1/nodes';

/** API path of the first network policies: whether there are any, and which. */
export const NETWORK_POLICIES = '/apis/networking.k8s.io/v1/networkpolicies?limit=5';

/** The nodes that the API has, by name; `undefined` when it was not asked or did not answer. */
export function nodesIn(seen: Observed | undefined): ReadonlyMap<string, NodeObject> | undefined {
  const answer = seen?.object(NODES);
  return answer?.status === 200 ? byName(answer) : undefined;
}

const byName = oncePer(({ body }: ApiAnswer): ReadonlyMap<string, NodeObject> => {
  const items = (body as NodeList | undefined)?.items ?? [];
  return new Map(
    items.flatMap((node) => (node.metadata?.name === undefined ? [] : [[node.metadata.name, node]])),
  );
});

interface NodeList {
  readonly items?: readonly NodeObject[] | null;
}

/** What is looked at of a node. */
export interface NodeObject {
  readonly metadata?: { readonly name?: string; readonly labels?: Readonly<Record<string, string>> };
  readonly spec?: {
    readonly taints?: readonly NodeTaint[];
    readonly podCIDR?: string;
    readonly unschedulable?: boolean;
  };
  readonly status?: { readonly conditions?: readonly { type: string; status: string; message?: string }[] };
}

export interface NodeTaint {
  readonly key: string;
  readonly value?: string;
  readonly effect: string;
}

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
