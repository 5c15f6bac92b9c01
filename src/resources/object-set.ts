import { bytes } from './content.ts';
import { type KubeObject, differences } from './object.ts';
import type { Observed } from '../probe/observe.ts';
import { type Change, type Resource, none } from './resource.ts';
import type { Step } from './step.ts';

export interface ObjectSetSpec {
  readonly id: string;
  readonly title: string;
  /** API paths of lists in which all objects of the set are found: `/apis/rbac.authorization.k8s.io/v1/rolebindings?…`. */
  readonly lists: readonly string[];
  readonly wanted: readonly KubeObject[];
  /** Whether an object that was found and is not wanted belongs to the set, and therefore goes. */
  readonly goes: (object: KubeObject) => boolean;
  readonly kubectl: string;
}

/**
 * Several Kubernetes objects that belong together: read by a few lists rather than one by one, written by one
 * command. They are compared like a single `kubeObject`, and what is left of the set and not wanted is deleted.
 */
export function objectSet({ id, title, lists, wanted, goes, kubectl }: ObjectSetSpec): Resource {
  const differing = (seen: Observed): Differing => {
    const found = listed(seen, lists);
    const byName = new Map(found.map((object) => [nameOf(object), object]));
    const names = new Set(wanted.map(nameOf));
    const off = wanted.flatMap((object) => {
      const fields = differences(object, byName.get(nameOf(object)));
      return fields.length === 0 ? [] : [{ object, fields, isNew: !byName.has(nameOf(object)) }];
    });
    return { off, gone: found.filter((object) => !names.has(nameOf(object)) && goes(object)) };
  };
  return {
    id,
    title,
    watches: lists.map((key) => ({ kind: 'object', key })),
    diff(seen): Change {
      const unanswered = lists.find((path) => seen.object(path)?.status !== 200);
      if (unanswered !== undefined) {
        return { kind: 'unknown', summary: 'not known yet', waitsFor: 'the API server', byItself: true };
      }
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
      return { kind: 'update', summary: parts.join(', ') };
    },
    steps(_change, seen): Step[] {
      const { off, gone } = differing(seen);
      const stuck = off.filter(
        ({ object, fields, isNew }) => !isNew && fields.some((field) => isUnchangeable(object.kind, field)),
      );
      return [
        ...command(`take back ${title}`, `${kubectl} delete --ignore-not-found -f -`, [
          ...gone.map(identity),
          ...stuck.map(({ object }) => identity(object)),
        ]),
        ...command(
          `apply ${title}`,
          `${kubectl} apply -f -`,
          off.map(({ object }) => object),
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

const isUnchangeable = (kind: string, field: string): boolean =>
  (UNCHANGEABLE[kind] ?? []).some((stuck) => field === stuck || field.startsWith(`${stuck}.`));

/** The objects of lists, each with the kind and version that the server leaves out inside a list. */
export const listed = (seen: Observed, lists: readonly string[]): KubeObject[] =>
  lists.flatMap((path) => {
    const { apiVersion = '', kind = '', items } = (seen.object(path)?.body ?? {}) as ObjectList;
    return (items ?? []).map(
      (item) => ({ apiVersion, kind: kind.replace(/List$/, ''), ...item }) as KubeObject,
    );
  });

interface Differing {
  readonly off: readonly {
    readonly object: KubeObject;
    readonly fields: readonly string[];
    readonly isNew: boolean;
  }[];
  readonly gone: readonly KubeObject[];
}

interface ObjectList {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly items?: readonly Omit<KubeObject, 'apiVersion' | 'kind'>[] | null;
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
    : [{ op: 'run', title, script, stdin: bytes(JSON.stringify({ apiVersion: 'v1', kind: 'List', items })) }];
