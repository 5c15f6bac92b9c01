import type { KubeObject } from '../../kernel/kube-object.ts';
import { UNANSWERED, differences, isAnswered, manifest, objectIn } from './object.ts';
import type { ApiAnswer, Observed } from '../../probe/observe.ts';
import { isMapping } from '../../kernel/mapping.ts';
import { sh } from '../../kernel/quote.ts';
import { oncePer } from '../../kernel/once-per.ts';
import { type Change, type Resource, type TextChange, none } from '../resource.ts';
import { objectsText } from './objects-text.ts';
import type { Step } from '../step.ts';

export interface ObjectSetSpec {
  readonly id: string;
  readonly title: string;
  /** API paths of lists in which all objects of the set are found: `/apis/rbac.authorization.k8s.io/v1/rolebindings?…`. */
  readonly lists: readonly string[];
  readonly wanted: readonly KubeObject[];
  /** Whether an object that was found and is not wanted belongs to the set, and therefore goes. */
  readonly goes: (object: KubeObject) => boolean;
  readonly kubectl: string;
  /** Whether the plan shows how objects differ, beside which fields do. */
  readonly showsText?: boolean;
}

/**
 * Several Kubernetes objects that belong together: read by a few lists rather than one by one, written by one
 * command. They are compared like a single `kubeObject`, and what is left of the set and not wanted is deleted.
 */
export function objectSet(spec: ObjectSetSpec): Resource {
  const { id, title, lists, wanted, goes, kubectl, showsText = false } = spec;
  const differing = (seen: Observed): Differing => {
    const found = listed(seen, lists);
    const byName = new Map(found.map((object) => [nameOf(object), object]));
    const names = new Set(wanted.map(nameOf));
    const off = wanted.flatMap((object) => {
      const there = byName.get(nameOf(object));
      const fields = differences(object, there);
      return fields.length === 0 ? [] : [{ object, fields, isNew: !there, there }];
    });
    const goesNow = (object: KubeObject): boolean =>
      !names.has(nameOf(object)) && object.metadata.deletionTimestamp === undefined && goes(object);
    return { off, gone: found.filter(goesNow) };
  };
  return {
    id,
    title,
    watches: lists.map((key) => ({ kind: 'object', key })),
    diff(seen): Change {
      // A kind that nothing has defined yet has no objects.
      if (!lists.every((path) => isAnswered(seen, path))) return UNANSWERED;
      const { off, gone } = differing(seen);
      const names = (objects: readonly KubeObject[]): string => objects.map(nameOf).join(', ');
      if (off.length + gone.length === 0) return none('as wanted');
      if (wanted.length === 0) return { kind: 'delete', summary: names(gone) };
      if (gone.length === 0 && off.length === wanted.length && off.every(({ isNew }) => isNew)) {
        return { kind: 'create', summary: names(wanted) };
      }
      const parts = [
        ...off.map(
          ({ object, fields, isNew }) => `${nameOf(object)}${isNew ? '' : ` (${fields.join(', ')})`}`,
        ),
        ...gone.map((object) => `without ${nameOf(object)}`),
      ];
      return {
        kind: 'update',
        summary: parts.join(', '),
        ...(showsText && off.length > 0 && { text: textOf(title, off) }),
      };
    },
    steps(_change, seen): Step[] {
      const { off, gone } = differing(seen);
      const kinds = off.flatMap(({ object }) => (isKind(object) ? [object] : []));
      const stuck = off.filter(
        ({ object, fields, isNew }) => !isNew && fields.some((field) => isUnchangeable(object.kind, field)),
      );
      return [
        ...command(
          `take back ${title}`,
          `${kubectl} delete --ignore-not-found -f -`,
          [...gone.filter((one) => !isUsed(one)), ...stuck.map(({ object }) => object)].map(identity),
        ),
        ...command(
          `define the kinds of ${title}`,
          `${kubectl} apply -f -\n${untilServed(kubectl, kinds)}`,
          kinds,
        ),
        ...command(
          `apply ${title}`,
          `${kubectl} apply -f -`,
          off.flatMap(({ object }) => (isKind(object) ? [] : [object])),
        ),
        ...command(
          `take back what ${title} used`,
          `${kubectl} delete --ignore-not-found --wait=false -f -`,
          gone.filter(isUsed).map(identity),
        ),
      ];
    },
  };
}

/**
 * Fields that the API server keeps as they were made: such an object is made anew. Volumes have their own copy of what
 * their class said.
 * https://kubernetes.io/docs/reference/access-authn-authz/rbac/#clusterrolebinding-example
 * https://github.com/kubernetes/kubernetes/blob/v1.16.3/pkg/apis/storage/validation/validation.go
 * https://github.com/kubernetes/kubernetes/issues/39188
 */
const BINDING = ['roleRef'];
const UNCHANGEABLE: Readonly<Record<string, readonly string[]>> = {
  RoleBinding: BINDING,
  ClusterRoleBinding: BINDING,
  StorageClass: ['provisioner', 'parameters', 'reclaimPolicy', 'volumeBindingMode'],
  Deployment: ['spec.selector'],
  // Two ports of one number are one to a patch, which then loses the other.
  Service: ['spec.clusterIP', 'spec.ports'],
};

const isKind = ({ kind }: KubeObject): boolean => kind === 'CustomResourceDefinition';

/** An object of a new kind is refused until the API server has begun to serve that kind: a second, mostly. */
const untilServed = (kubectl: string, kinds: readonly KubeObject[]): string =>
  sh`for kind in ${kinds.map(({ metadata }) => metadata.name)}` +
  `; do
  tries=0
  until ${kubectl} get "$kind" --all-namespaces >/dev/null 2>&1; do
    tries=$((tries + 1))
    [ $tries -lt 30 ] || { echo "the API server does not serve $kind" >&2; exit 1; }
    sleep 1
  done
done`;

/** It goes only when the pod that uses it has gone: after what is applied, and without waiting for that. */
const isUsed = ({ kind }: KubeObject): boolean => kind.startsWith('PersistentVolume');

const isUnchangeable = (kind: string, field: string): boolean =>
  (UNCHANGEABLE[kind] ?? []).some((stuck) => field === stuck || field.startsWith(`${stuck}.`));

/** The objects of lists, each with the kind and version that the server leaves out inside a list. */
export const listed = (seen: Observed, lists: readonly string[]): KubeObject[] =>
  lists.flatMap((path) => {
    const answer = seen.object(path);
    return answer ? itemsOf(answer) : [];
  });

/** There is a set for each user, and all of them look through the same lists. */
const itemsOf = oncePer(({ body }: ApiAnswer): readonly KubeObject[] => {
  if (!isMapping(body) || !Array.isArray(body['items'])) return [];
  const { apiVersion = '', kind = '' } = body;
  const own = { apiVersion, kind: typeof kind === 'string' ? kind.replace(/List$/, '') : kind };
  return (body['items'] as unknown[]).flatMap((item) =>
    isMapping(item) ? (objectIn({ ...own, ...item }) ?? []) : [],
  );
});

/** What differs, of objects that are there and of new ones, as far as it is ours to say. */
function textOf(title: string, off: Differing['off']): TextChange {
  const shown = off.map(({ object, there }) => ({
    before: there && { ...identity(object), ...(sameFields(object, there) as object) },
    after: object,
  }));
  return {
    path: title,
    before: objectsText(shown.flatMap(({ before }) => (before ? [masked(before)] : []))),
    after: objectsText(shown.map(({ after }) => masked(after))),
  };
}

/** Of what is there, what is also wanted. */
function sameFields(wanted: unknown, there: unknown): unknown {
  if (!isMapping(wanted) || !isMapping(there)) return there;
  const both = Object.keys(wanted).filter((key) => there[key] !== undefined);
  return Object.fromEntries(both.map((key) => [key, sameFields(wanted[key], there[key])]));
}

/** That there is a secret may be read, not which. */
const masked = (object: KubeObject): KubeObject =>
  object.kind === 'Secret' && isMapping(object['data'])
    ? { ...object, data: Object.fromEntries(Object.keys(object['data']).map((key) => [key, '(secret)'])) }
    : object;

interface Differing {
  readonly off: readonly {
    readonly object: KubeObject;
    readonly fields: readonly string[];
    readonly isNew: boolean;
    readonly there: KubeObject | undefined;
  }[];
  readonly gone: readonly KubeObject[];
}

/** `Role default/admin`: what an object is called in plans and messages. */
export const nameOf = ({ kind, metadata: { namespace, name } }: KubeObject): string =>
  `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;

const identity = ({ apiVersion, kind, metadata: { name, namespace } }: KubeObject): KubeObject => ({
  apiVersion,
  kind,
  metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
});

const command = (title: string, script: string, items: readonly KubeObject[]): Step[] =>
  items.length === 0
    ? []
    : [{ op: 'run', title, script, stdin: manifest({ apiVersion: 'v1', kind: 'List', items }, items) }];
