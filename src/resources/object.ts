import { isDeepStrictEqual } from 'node:util';
import { bytes } from './content.ts';
import { type Change, type Resource, none } from './resource.ts';

export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

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
      if (!answer || (answer.status !== 200 && answer.status !== 404)) {
        return { kind: 'unknown', summary: 'not known yet', waitsFor: 'the API server', byItself: true };
      }
      if (answer.status === 404) return { kind: 'create', summary: name };
      const off = differences(object, answer.body);
      return off.length === 0 ? none('as wanted') : { kind: 'update', summary: off.join(', ') };
    },
    steps: () => [
      {
        op: 'run',
        title: `apply ${name}`,
        script: `${kubectl} apply -f -`,
        stdin: bytes(JSON.stringify(object)),
      },
    ],
  };
}

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
