import * as z from 'zod';
import { type AddonData, isInCluster } from '../../addons/catalog.ts';
import { addonClusterObjects } from '../../addons/objects.ts';
import { sh } from '../../kernel/quote.ts';
import { apiPath, kubectl } from '../../resources/cluster/kube-api.ts';
import { ONCE } from '../../kernel/once.ts';
import type { Observed } from '../../probe/observe.ts';
import { labelledLists } from '../shared/parts.ts';
import { waitingPod, worded } from '../shared/waiting-pod.ts';

/** Pods of an add-on in one namespace. */
type Place = Pick<AddonData, 'name' | 'namespace'>;

/** Where an add-on has pods, if it has any: by what must be well of it. */
export function placesOf(addon: AddonData): readonly Place[] {
  if (!isInCluster(addon)) return [];
  const { name, namespace, healthy } = addon;
  const named = healthy.flatMap((path) => /\/namespaces\/([^/]+)/.exec(path)?.[1] ?? []);
  return [...new Set([namespace, ...named])].map((one) => ({ name, namespace: one }));
}

/** API path of the list of its pods there. */
export const podsOf = ({ name, namespace }: Place): string =>
  labelledLists(name, [`/api/v1/namespaces/${namespace}/pods`]).join('');

/** API path of what went wrong lately with pods there. */
export const failuresOf = ({ namespace }: Pick<Place, 'namespace'>): string =>
  `/api/v1/namespaces/${namespace}/events?fieldSelector=${encodeURIComponent('involvedObject.kind=Pod,reason=Failed')}&limit=50`;

/** What is looked at to tell whether an add-on is well; nothing where none of it is in the cluster. */
export const healthPaths = (addon: AddonData): readonly string[] => [
  ...addon.healthy,
  ...Object.values(addon.follows),
  ...placesOf(addon).flatMap((place) => [podsOf(place), failuresOf(place)]),
];

/** API paths of what an add-on would take the place of: that which runs, and all objects of the whole cluster. */
export const placesTaken = ({ name, healthy }: AddonData): readonly string[] => [
  ...new Set([...healthy, ...addonClusterObjects(name).map(apiPath)]),
];

/** A command that ends well when an add-on does: each of what is looked at has something available. */
export const healthCondition = ({ healthy }: AddonData): string =>
  healthy
    .map((path) => {
      const [, namespace, kind = '', name = ''] =
        /(?:namespaces\/([^/]+)\/)?([^/]+)\/([^/]+)$/.exec(path) ?? [];
      const field = FIELDS[kind] ?? '{.status.availableReplicas}{.status.numberAvailable}';
      const at = namespace === undefined ? '' : sh`-n ${namespace} `;
      return `${kubectl} ${at}${sh`get ${kind} ${name} -o ${`jsonpath=${field}`}`} | grep -q '[1-9T]'`;
    })
    .join(' && ');

/** What tells that there is something, of kinds that do not count what is available. */
const FIELDS: Readonly<Record<string, string>> = {
  apiservices: '{.status.conditions[?(@.type=="Available")].status}',
  statefulsets: '{.status.readyReplicas}',
};

const SETTINGS = 'k8s-bootstrap/settings';

const annotated = z.object({ annotations: z.object({ [SETTINGS]: z.string().optional() }).optional() });

const workload = z.object({
  kind: z.string(),
  metadata: z.object({
    name: z.string(),
    namespace: z.string().optional(),
    generation: z.number().optional(),
  }),
  spec: z
    .object({
      replicas: z.number().optional(),
      template: z.object({ metadata: annotated.optional() }).optional(),
    })
    .optional(),
  status: z
    .object({
      observedGeneration: z.number().optional(),
      updatedReplicas: z.number().optional(),
      availableReplicas: z.number().optional(),
      readyReplicas: z.number().optional(),
      desiredNumberScheduled: z.number().optional(),
      updatedNumberScheduled: z.number().optional(),
      numberAvailable: z.number().optional(),
      conditions: z
        .array(
          z.object({
            type: z.string(),
            status: z.string(),
            reason: z.string().optional(),
            message: z.string().optional(),
          }),
        )
        .optional(),
    })
    .optional(),
});

type Workload = z.infer<typeof workload>;

/** What is missing until an add-on does its work, with the pod that waits and its cause; `undefined` when nothing is. */
export function whyNotWell(addon: AddonData, seen: Observed): string | undefined {
  for (const path of addon.healthy) {
    const answer = seen.object(path);
    if (answer?.status === 404) return `there is no ${path.split('/').slice(-2).join(' ')}`;
    const found = workload.safeParse(answer?.status === 200 ? answer.body : undefined, ONCE).data;
    if (!found) return 'the API server does not answer';
    const behind = addon.follows[path];
    const missing =
      (behind === undefined ? undefined : whyNotFollowed(found, behind, seen)) ??
      (found.kind === 'APIService' ? whyUnavailable(found) : whyNotRolledOut(found, addon, seen));
    if (missing !== undefined) return missing;
  }
  return undefined;
}

const operated = z.object({ spec: z.object({ podMetadata: annotated }) });

/** An operator that refuses what it is told leaves everything as it was, and says so in its log alone. */
function whyNotFollowed({ spec }: Workload, path: string, seen: Observed): string | undefined {
  const answer = seen.object(path);
  const name = path.split('/').slice(-2).join(' ');
  if (answer?.status === 404) return `there is no ${name}`;
  if (answer?.status !== 200) return 'the API server does not answer';
  const told = operated.safeParse(answer.body, ONCE).data?.spec.podMetadata.annotations?.[SETTINGS];
  return told !== undefined && spec?.template?.metadata?.annotations?.[SETTINGS] === told
    ? undefined
    : `its operator has not taken over what ${name} says; its log tells why`;
}

/** As `kubectl rollout status` counts; https://github.com/kubernetes/kubernetes/blob/v1.16.3/staging/src/k8s.io/kubectl/pkg/polymorphichelpers/rollout_status.go */
function whyNotRolledOut(
  { kind, metadata, spec, status = {} }: Workload,
  addon: Place,
  seen: Observed,
): string | undefined {
  if ((status.observedGeneration ?? 0) < (metadata.generation ?? 0))
    return 'what was changed is not seen yet';
  const [wanted, updated, available] =
    kind === 'DaemonSet'
      ? [status.desiredNumberScheduled ?? 0, status.updatedNumberScheduled, status.numberAvailable]
      : [spec?.replicas ?? 1, status.updatedReplicas, availableOf(kind, status)];
  // A node that is away takes its pod of a DaemonSet with it: the others do their work.
  const enough = kind === 'DaemonSet' ? Math.min(1, wanted) : wanted;
  if ((updated ?? 0) >= enough && (available ?? 0) >= enough) {
    return kind === 'DaemonSet' && wanted === 0 ? 'no node is meant for it' : undefined;
  }
  const place = { ...addon, namespace: metadata.namespace ?? addon.namespace };
  return `${waitingPod(seen, podsOf(place), place.namespace)}${pullFailure(place, seen)}`;
}

/** A StatefulSet of 1.16 does not say which of its pods have been ready for long enough. */
const availableOf = (kind: string, status: NonNullable<Workload['status']>): number | undefined =>
  kind === 'StatefulSet' ? status.readyReplicas : status.availableReplicas;

function whyUnavailable({ metadata, status }: Workload): string | undefined {
  const available = status?.conditions?.find(({ type }) => type === 'Available');
  if (available?.status === 'True') return undefined;
  return `the API server does not get through to ${metadata.name}${available ? ` (${worded(available)})` : ''}`;
}

const events = z.object({
  items: z.array(
    z.object({ involvedObject: z.object({ name: z.string() }), message: z.string().optional() }),
  ),
});

/** A pod that backs off has forgotten why: its events know. */
function pullFailure(place: Place, seen: Observed): string {
  const pods = z
    .object({ items: z.array(z.object({ metadata: z.object({ name: z.string() }) })) })
    .safeParse(seen.object(podsOf(place))?.body, ONCE).data?.items;
  const names = new Set(pods?.map(({ metadata }) => metadata.name));
  const found = events
    .safeParse(seen.object(failuresOf(place))?.body, ONCE)
    .data?.items.findLast(
      ({ involvedObject, message }) =>
        names.has(involvedObject.name) && message?.startsWith('Failed to pull image'),
    );
  return found ? `; ${worded({ message: found.message })}` : '';
}
