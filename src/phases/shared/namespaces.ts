import { kubeObject } from '../../resources/cluster/object.ts';
import type { Resource } from '../../resources/resource.ts';
import { kubectl, apiPath } from '../../resources/cluster/kube-api.ts';

/** These every cluster has. */
const BUILT_IN = ['default', 'kube-node-lease', 'kube-public', 'kube-system'];

/** Namespaces that must be there, each once, sorted; those of every cluster are left alone. */
export const namespaces = (names: readonly string[]): Resource[] =>
  [...new Set(names)]
    .filter((name) => !BUILT_IN.includes(name))
    .sort()
    .map((name) => {
      const object = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
      return kubeObject(apiPath(object), object, kubectl);
    });
