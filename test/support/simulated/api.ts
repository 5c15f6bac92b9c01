import { NODES, apiPath } from '../../../src/resources/cluster/kube-api.ts';
import type { KubeObject } from '../../../src/kernel/kube-object.ts';
import { sha256 } from '../../../src/resources/content.ts';

/** What the API server said. */
export interface Reply {
  readonly status: number;
  readonly text: string;
}

/** A host, as a node is made of it. */
export interface HostSpec {
  readonly name: string;
  readonly ip: string;
}

export interface SimulatedApi {
  get(path: string): Reply;
  /** What kubectl is given: a patch of a node or of what is known of nodes, an object, or a list of them. */
  change(title: string, json: string): void;
}

/** The objects of the cluster, its nodes among them, as one API server tells them to every master. */
export function kubeApi(hosts: readonly HostSpec[]): SimulatedApi {
  const objects = new Map<string, KubeObject>();
  for (const host of hosts) objects.set(`${NODES}/${host.name}`, node(host));
  const reply = (status: number, body: unknown): Reply => ({
    status,
    text: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return {
    get(path) {
      const { pathname, searchParams } = new URL(path, 'https://api');
      if (pathname === '/healthz') return reply(200, 'ok');
      const one = objects.get(pathname);
      if (one) return reply(200, one);
      const items = [...objects].filter(
        ([key, object]) => isIn(pathname, key) && carries(object, searchParams),
      );
      if (items.length > 0 || searchParams.has('labelSelector'))
        return reply(200, {
          kind: 'List',
          apiVersion: 'v1',
          metadata: {},
          items: items.map(([, object]) => object),
        });
      return reply(404, { kind: 'Status', status: 'Failure', code: 404 });
    },
    change(title, json) {
      const [, name] = /^label and taint node (\S+)$/.exec(title) ?? [];
      const given = JSON.parse(json) as KubeObject & { readonly items?: readonly KubeObject[] };
      if (name !== undefined) {
        const known = objects.get(`${NODES}/${name}`);
        Object.assign(known?.metadata.labels ?? {}, given.metadata.labels);
        Object.assign(known?.['spec'] ?? {}, given['spec']);
        return;
      }
      if (title.startsWith('write down what is set on node ')) {
        const known = objects.get(apiPath(given))?.['data'] as object | undefined;
        objects.set(apiPath(given), { ...given, data: { ...known, ...(given['data'] as object) } });
        return;
      }
      for (const object of given.items ?? [given]) objects.set(apiPath(object), object);
    },
  };
}

/** Whether an object is in a collection: of its namespace, or of all. */
function isIn(collection: string, path: string): boolean {
  const kind = path.slice(0, path.lastIndexOf('/'));
  return kind === collection || kind.replace(/\/namespaces\/[^/]+(?=\/)/, '') === collection;
}

/** One term of a selector: `key`, `key=value` or `key in (one,two)`. */
function carries({ metadata: { labels = {} } }: KubeObject, query: URLSearchParams): boolean {
  const term = query.get('labelSelector');
  if (term === null) return true;
  const [, key = '', values] = /^([^= ]+)(?:(?:=| in \()([^)]*)\)?)?$/.exec(term) ?? [];
  const value = labels[key];
  return value !== undefined && (values === undefined || values.split(',').includes(value));
}

/** As long as a node with a dozen images. */
function node({ name, ip }: HostSpec): KubeObject {
  const at = '2024-01-01T00:00:00Z';
  const condition = (type: string, status: string, reason: string): object => ({
    ...{ type, status, lastHeartbeatTime: at, lastTransitionTime: at, reason },
    message: `kubelet says ${reason} of its own`,
  });
  const metadata = {
    name,
    selfLink: `/api/v1/nodes/${name}`,
    uid: sha256(name).slice(0, 32),
    resourceVersion: '1234567',
    creationTimestamp: at,
    labels: {
      'beta.kubernetes.io/arch': 'amd64',
      'beta.kubernetes.io/os': 'linux',
      'kubernetes.io/arch': 'amd64',
      'kubernetes.io/hostname': name,
      'kubernetes.io/os': 'linux',
    },
    annotations: { 'node.alpha.kubernetes.io/ttl': '0' },
  };
  return {
    kind: 'Node',
    apiVersion: 'v1',
    metadata,
    spec: {},
    status: {
      capacity: { cpu: '4', 'ephemeral-storage': '41943040Ki', memory: '8014080Ki', pods: '110' },
      allocatable: { cpu: '4', 'ephemeral-storage': '38654705664', memory: '7809280Ki', pods: '110' },
      conditions: [
        condition('MemoryPressure', 'False', 'KubeletHasSufficientMemory'),
        condition('DiskPressure', 'False', 'KubeletHasNoDiskPressure'),
        condition('PIDPressure', 'False', 'KubeletHasSufficientPID'),
        condition('Ready', 'True', 'KubeletReady'),
      ],
      addresses: [
        { type: 'InternalIP', address: ip },
        { type: 'Hostname', address: name },
      ],
      daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
      nodeInfo: { kernelVersion: '6.1.0-18-amd64', kubeletVersion: 'v1.16.3', architecture: 'amd64' },
      images: Array.from({ length: 12 }, (_, index) => ({
        names: [`registry.example.com/team/image-${index}@sha256:${sha256(String(index))}`],
        sizeBytes: 123456789,
      })),
    },
  };
}
