import * as z from 'zod';
import { nameProblem } from '../../inventory/user-names.ts';
import { isMapping } from '../../kernel/mapping.ts';
import { oncePer } from '../../kernel/once-per.ts';
import type { ApiAnswer, Observed } from '../../probe/observe.ts';
import { configMapData } from '../../resources/cluster/kube-api.ts';
import type { KubeObject } from '../../kernel/kube-object.ts';
import { MANAGED_BY } from '../../resources/cluster/object.ts';
import { type Decision, lastOf } from '../../users/decisions.ts';
import { withRole } from '../shared/topology.ts';
import type { World } from '../phase.ts';

const NAMESPACE = 'kube-system';
const NAME = 'k8s-bootstrap-revoked-users';

/** Where the cluster itself keeps what was decided of people: in a namespace in which no tenant writes. */
export const DECIDED = `/api/v1/namespaces/${NAMESPACE}/configmaps/${NAME}`;

const REVOKED = 'revoked.json';
const ADMITTED = 'admitted.json';
const MOST = 10_000;

/** A moment that others can still follow. */
const at = z.iso
  .datetime()
  .refine((moment) => moment < '9999')
  .transform((moment) => new Date(moment).toISOString());
const name = z.string().refine((one) => nameProblem('user', one, true) === undefined);
const revoked = z.object({ name, at });
const admitted = z.object({ name, at, rights: z.string().regex(/^[0-9a-f]{32}$/) });

/** What a master tells, once for each person; none where nobody answers or what stands there is not ours. */
export function decidedIn(seen: Observed | undefined): readonly Decision[] {
  const answer = seen?.object(DECIDED);
  return answer ? read(answer) : [];
}

/** Asked for by many resources. */
const read = oncePer((answer: ApiAnswer): readonly Decision[] => {
  const data = configMapData(answer);
  return [
    ...lastOf([
      ...entries(data[REVOKED], revoked).map((one) => ({ ...one, rights: undefined })),
      ...entries(data[ADMITTED], admitted),
    ]).values(),
  ];
});

/** One that somebody has spoiled takes no other with it. */
function entries<Entry>(text: unknown, form: z.ZodType<Entry>): Entry[] {
  if (typeof text !== 'string') return [];
  try {
    const list = z.array(z.unknown()).max(MOST).safeParse(JSON.parse(text)).data ?? [];
    return list.flatMap((entry) => form.safeParse(entry).data ?? []);
  } catch {
    return [];
  }
}

/** What the masters tell, by name. */
export const decidedInCluster = (world: Pick<World, 'inventory' | 'seen'>): Map<string, Decision> =>
  lastOf(withRole(world, 'master').flatMap(({ name: host }) => decidedIn(world.seen(host))));

/** The object for what is decided; one from before people who were let in were kept stays as it is while there are none. */
export function decidedObject(decisions: readonly Decision[], seen: Observed): KubeObject {
  const sorted = decisions.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const gone = sorted
    .filter(({ rights }) => rights === undefined)
    .map((one) => ({ name: one.name, at: one.at }));
  const letIn = sorted.filter(({ rights }) => rights !== undefined);
  const has = configMapData(seen.object(DECIDED))[ADMITTED] !== undefined;
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: NAME, namespace: NAMESPACE, labels: MANAGED_BY },
    data: {
      [REVOKED]: JSON.stringify(gone),
      ...(letIn.length > 0 || has ? { [ADMITTED]: JSON.stringify(letIn.map(entryOf)) } : {}),
    },
  };
}

/** In the place of what was seen alone: when somebody has decided something since, the API refuses it as a conflict. */
export function overSeen(object: KubeObject, seen: Observed): object {
  const there = seen.object(DECIDED)?.body;
  const version = isMapping(there) && isMapping(there['metadata']) && there['metadata']['resourceVersion'];
  return typeof version === 'string'
    ? { ...object, metadata: { ...object.metadata, resourceVersion: version } }
    : object;
}

const entryOf = ({ name: who, at: when, rights }: Decision): object => ({ name: who, at: when, rights });
