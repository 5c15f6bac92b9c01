import { isDeepStrictEqual } from 'node:util';
import type { KubeObject } from '../../kernel/kube-object.ts';
import { isMapping } from '../../kernel/mapping.ts';
import type { Observed } from '../../probe/observe.ts';
import { bytes, secretBytes } from '../content.ts';
import { type Change, type Resource, none } from '../resource.ts';
import type { Content } from '../step.ts';

/** On objects of ours that belong to no add-on; https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/ */
export const MANAGED_BY = { 'app.kubernetes.io/managed-by': 'k8s-bootstrap' } as const;

/** An object as an API server tells it; `undefined` for what has not the form of one. What else is in it, is not looked at. */
export function objectIn(value: unknown): KubeObject | undefined {
  if (!isMapping(value) || !isMapping(value['metadata'])) return undefined;
  const { name, namespace, labels, annotations, deletionTimestamp } = value['metadata'];
  const texts = [value['apiVersion'], value['kind'], name, namespace ?? '', deletionTimestamp ?? ''];
  const tables = [labels ?? {}, annotations ?? {}];
  const isOne =
    texts.every(isText) && tables.every((one) => isMapping(one) && Object.values(one).every(isText));
  return isOne ? (value as KubeObject) : undefined;
}

const isText = (value: unknown): boolean => typeof value === 'string';

/** Whether the API server has said what is there, or that nothing is. */
export const isAnswered = (seen: Pick<Observed, 'object'>, path: string): boolean =>
  [200, 404].includes(seen.object(path)?.status ?? 0);

/** Until it has. */
export const UNANSWERED: Change = {
  kind: 'unknown',
  summary: 'not known yet',
  waitsFor: 'the API server',
  byItself: true,
};

/**
 * A Kubernetes object, compared on the fields that are set here and no others: what the server fills
 * in is its own, but a hand-edited rule is seen.
 * @param path its API path, `/apis/rbac.authorization.k8s.io/v1/clusterroles/NAME`
 */
export function kubeObject(path: string, object: KubeObject, kubectl: string): Resource {
  const name = `${object.kind} ${object.metadata.namespace ? `${object.metadata.namespace}/` : ''}${object.metadata.name}`;
  return {
    id: `object:${path}`,
    title: name,
    watches: [{ kind: 'object', key: path }],
    diff(seen): Change {
      const answer = seen.object(path);
      if (!answer || !isAnswered(seen, path)) return UNANSWERED;
      if (answer.status === 404) return { kind: 'create', summary: name };
      const off = differences(object, answer.body);
      return off.length === 0 ? none('as wanted') : { kind: 'update', summary: off.join(', ') };
    },
    steps: () => [
      {
        op: 'run',
        title: `apply ${name}`,
        script: `${kubectl} apply -f -`,
        stdin: manifest(object, [object]),
      },
    ],
  };
}

/** What kubectl reads: a secret where one of the objects is a Secret. */
export const manifest = (value: unknown, objects: readonly KubeObject[]): Content =>
  (objects.some(({ kind }) => kind === 'Secret') ? secretBytes : bytes)(JSON.stringify(value));

/**
 * Paths of the wanted fields whose value is another one; arrays are compared whole. The API leaves out what is
 * `false` (Go's omitempty), and writes out every field whose absence would mean something else.
 */
export function differences(wanted: unknown, actual: unknown, path = ''): string[] {
  if (wanted === null || typeof wanted !== 'object' || Array.isArray(wanted)) {
    return isDeepStrictEqual(wanted, wanted === false ? (actual ?? false) : actual) ? [] : [path];
  }
  const found = typeof actual === 'object' && actual !== null ? (actual as Record<string, unknown>) : {};
  return Object.entries(wanted).flatMap(([key, value]) =>
    differences(value, found[key], path ? `${path}.${key}` : key),
  );
}
