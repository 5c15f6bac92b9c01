import * as z from 'zod';
import { binaryPath, paths } from '../../kernel/host-paths.ts';
import { isMapping } from '../../kernel/mapping.ts';
import { oncePer } from '../../kernel/once-per.ts';
import type { ApiAnswer, Observed } from '../../probe/observe.ts';
import type { KubeObject } from '../../kernel/kube-object.ts';

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

/** The same of several masters: as the first has them that was asked and answered. */
export const nodesAmong = (seen: Iterable<Observed | undefined>): ReturnType<typeof nodesIn> =>
  Array.from(seen, nodesIn).find((known) => known !== undefined);

const texts = z.record(z.string(), z.string());
const taint = z.looseObject({ key: z.string(), value: z.string().optional(), effect: z.string() });
const condition = z.object({ type: z.string(), status: z.string(), message: z.string().optional() });

/** What is looked at of a node; one that has another form is none. */
const form = z.object({
  metadata: z.object({ name: z.string(), labels: texts.optional(), annotations: texts.optional() }),
  spec: z
    .object({
      taints: z.array(taint).optional(),
      podCIDR: z.string().optional(),
      unschedulable: z.boolean().optional(),
    })
    .optional(),
  status: z.object({ conditions: z.array(condition).optional() }).optional(),
});

export type NodeObject = z.infer<typeof form>;
export type NodeTaint = Pick<z.infer<typeof taint>, 'key' | 'value' | 'effect'>;

const byName = oncePer(({ body }: ApiAnswer): ReadonlyMap<string, NodeObject> => {
  const items: unknown = isMapping(body) ? body['items'] : undefined;
  const nodes = Array.isArray(items) ? items.flatMap((item) => form.safeParse(item).data ?? []) : [];
  return new Map(nodes.map((node) => [node.metadata.name, node]));
});

/** What a ConfigMap holds, by key; nothing where none answers or what stands there is none. */
export function configMapData(answer: ApiAnswer | undefined): Readonly<Record<string, unknown>> {
  const { body } = answer ?? {};
  return isMapping(body) && isMapping(body['data']) ? body['data'] : {};
}

/** As the API has it in paths; https://v1-16.docs.kubernetes.io/docs/reference/generated/kubernetes-api/v1.16/ */
function pluralOf(kind: string): string {
  const word = kind.toLowerCase();
  if (word === 'endpoints') return word;
  if (word.endsWith('s')) return `${word}es`;
  return word.endsWith('y') ? `${word.slice(0, -1)}ies` : `${word}s`;
}

const rootOf = (apiVersion: string): string =>
  apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;

export function apiPath({ apiVersion, kind, metadata }: KubeObject): string {
  const scope = metadata.namespace === undefined ? '' : `/namespaces/${metadata.namespace}`;
  return `${rootOf(apiVersion)}${scope}/${pluralOf(kind)}/${encodeURIComponent(metadata.name)}`;
}

/** API path of the list of all objects of a kind, wherever they are. */
export const listPath = ({ apiVersion, kind }: Pick<KubeObject, 'apiVersion' | 'kind'>): string =>
  `${rootOf(apiVersion)}/${pluralOf(kind)}`;
