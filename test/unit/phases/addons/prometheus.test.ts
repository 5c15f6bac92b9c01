import { load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { addonData } from '../../../../src/addons/catalog.ts';
import { opened } from '../../../../src/phases/host/firewall.ts';
import { controllerManagerPhase, schedulerPhase } from '../../../../src/phases/control-plane/controllers.ts';
import { addonManifests, addonsPhase } from '../../../../src/phases/addons/addons.ts';
import type { KubeObject } from '../../../../src/kernel/kube-object.ts';
import type { ApiAnswer } from '../../../../src/probe/observe.ts';
import type { Phase } from '../../../../src/phases/phase.ts';
import { hostOf, sight, worldOf } from '../world.ts';

/** Two masters, the second of which sorts before the first as text, and a worker. */
const HOSTS = [
  { name: 'm1', address: '192.0.2.9', roles: ['master', 'etcd'] },
  { name: 'm2', address: '192.0.2.10', roles: ['master', 'etcd'] },
  { name: 'w1', address: '192.0.2.21', roles: ['worker'] },
];
const OPEN = {
  controllerManager: { extraArgs: { 'bind-address': '0.0.0.0' } },
  scheduler: { extraArgs: { 'bind-address': null } },
  etcd: { extraArgs: { 'listen-metrics-urls': 'http://127.0.0.1:2381,http://0.0.0.0:2381' } },
};
const world = (more: object = {}) =>
  worldOf({ inventory: { hosts: HOSTS, addons: { prometheus: {} }, ...more } });

const manifests = (more?: object): readonly KubeObject[] => {
  const one = world(more);
  return one.inventory.addons.flatMap((addon) => addonManifests(one, addon));
};
const ofKind = (kind: string, more?: object): readonly KubeObject[] =>
  manifests(more).filter((object) => object.kind === kind);

/** Who is behind each of the Services without pods. */
const targets = (more?: object): Record<string, readonly string[]> =>
  Object.fromEntries(
    ofKind('Endpoints', more).map(({ metadata, ...object }) => {
      const [subset] = object['subsets'] as { addresses: { ip: string }[] }[];
      return [metadata.name, subset?.addresses.map(({ ip }) => ip) ?? []];
    }),
  );

/** The unit file that a phase writes on the first master. */
const unitOf = async (phase: Phase, name: string, more: object): Promise<string> => {
  const one = world(more);
  const unit = phase
    .resources(one, hostOf(one, 'm1'))
    .find(({ owns }) => owns?.includes(`/etc/systemd/system/${name}.service`));
  const [step] = (await unit?.steps({ kind: 'create', summary: '' }, sight({}))) ?? [];
  return step?.op === 'write' ? [...(step.content.open() as readonly Buffer[])].join('') : '';
};

describe('whom Prometheus asks', () => {
  it('is every kubelet, sorted as the API server sorts addresses, and nobody who tells only their own host', () => {
    expect(targets()).toEqual({ 'kubelet-metrics': ['192.0.2.10', '192.0.2.21', '192.0.2.9'] });
    const services = ofKind('Service').map(({ metadata }) => metadata.name);
    expect(services).not.toContain('etcd-metrics');
    expect(services).not.toContain('kube-scheduler-metrics');
  });

  it('is whoever of the control plane tells others', () => {
    const masters = ['192.0.2.10', '192.0.2.9'];
    expect(targets(OPEN)).toMatchObject({
      'etcd-metrics': masters,
      'kube-controller-manager-metrics': masters,
      'kube-scheduler-metrics': masters,
    });
    expect(ofKind('Service', OPEN).map(({ metadata }) => metadata.name)).toContain('etcd-metrics');
  });

  it.each([
    ['kube-scheduler', { scheduler: { extraArgs: { 'bind-address': '127.0.0.1' } } }],
    ['kube-scheduler', { scheduler: { extraArgs: { 'bind-address': '203.0.113.1' } } }],
    ['etcd', { etcd: { extraArgs: { 'listen-metrics-urls': 'http://127.0.0.1:2381' } } }],
    ['etcd', { etcd: { extraArgs: { 'listen-metrics-urls': 'https://0.0.0.0:2381' } } }],
  ])('is not %s with %j', (name, more) => {
    expect(targets(more)).not.toHaveProperty(`${name}-metrics`);
  });

  it('is one host alone where that is what the inventory says', () => {
    const [first, ...others] = HOSTS;
    const extraArgs = { etcd: { 'listen-metrics-urls': 'http://192.0.2.9:2381' } };
    expect(targets({ hosts: [{ ...first, extraArgs }, ...others] })).toMatchObject({
      'etcd-metrics': ['192.0.2.9'],
    });
  });

  it('is verified, and no ServiceMonitor names a file', () => {
    expect(JSON.stringify(manifests(OPEN))).not.toMatch(
      /insecureSkipVerify|insecure_skip_verify|bearerTokenFile|caFile/,
    );
    const [secret] = ofKind('Secret', OPEN);
    const { 'scrapes.yaml': text = '' } = secret?.['data'] as Record<string, string>;
    const jobs = load(Buffer.from(text, 'base64').toString()) as Record<string, unknown>[];
    expect(jobs.map(({ job_name }) => job_name)).toEqual(['apiserver', 'kubelet', 'cadvisor', 'controllers']);
    for (const job of jobs)
      expect(job).toMatchObject({
        scheme: 'https',
        tls_config: { ca_file: '/var/run/secrets/kubernetes.io/serviceaccount/ca.crt' },
      });
    expect(ofKind('Prometheus')[0]).toMatchObject({ spec: { arbitraryFSAccessThroughSMs: { deny: true } } });
  });
});

describe('a controller that tells others', () => {
  it.each([
    ['kube-controller-manager', controllerManagerPhase],
    ['kube-scheduler', schedulerPhase],
  ])('shows a certificate that names the address: %s', async (name, phase) => {
    expect(await unitOf(phase, name, OPEN)).toContain('--tls-cert-file=/etc/kubernetes/pki/apiserver.crt');
    expect(await unitOf(phase, name, {})).not.toContain('--tls-cert-file');
  });

  it('lets nodes in alone', () => {
    const one = world(OPEN);
    const ports = (name: string) =>
      opened(one, hostOf(one, name)).portsFor.map(({ source, port }) => `${source} ${port}`);
    const others = ['192.0.2.10', '192.0.2.21'];
    expect(ports('m1').sort()).toEqual(
      others.flatMap((ip) => [`${ip} 10257/tcp`, `${ip} 10259/tcp`, `${ip} 2381/tcp`]),
    );
    expect(ports('w1')).toEqual([]);
    expect(opened(one, hostOf(one, 'm1')).ports.join(' ')).not.toMatch(/2381|1025[79]/);
  });
});

describe('its rights', () => {
  it('are to no Secret outside its namespace, and none goes to who views', () => {
    for (const role of ofKind('ClusterRole')) {
      const rules = role['rules'] as { resources?: string[]; verbs: string[] }[];
      for (const { resources = [], verbs } of rules) {
        expect([...resources, ...verbs], role.metadata.name).not.toContain('*');
        expect(resources, role.metadata.name).not.toContain('secrets');
        expect(resources, role.metadata.name).not.toContain('configmaps');
      }
      expect(Object.keys(role.metadata.labels ?? {}).join(' ')).not.toContain('aggregate-to');
    }
    expect(ofKind('Role').map(({ metadata }) => metadata.namespace)).toEqual(['monitoring']);
  });
});

describe('what goes with it', () => {
  const all = manifests(OPEN);
  const gone = (): string => {
    const one = worldOf({ prune: true });
    const set = addonsPhase.resources(one, hostOf(one, 'm1')).find(({ id }) => id === 'addon:prometheus');
    const change = set?.diff(
      {
        ...sight({}),
        object: (path) => ({
          status: 200,
          body: {
            items: all.filter(({ kind }) => path.split('?')[0]?.endsWith(`/${kind.toLowerCase()}s`)),
          },
        }),
      },
      new Map(),
    );
    return change?.kind === 'delete' ? change.summary : '';
  };

  it('is not its kinds, of which others may have made objects, nor Endpoints, which go with their Service', () => {
    expect(gone()).toContain('Service monitoring/kubelet-metrics');
    expect(gone()).not.toMatch(/CustomResourceDefinition|Endpoints/);
  });
});

describe('the gate', () => {
  it('counts the ready pods of a StatefulSet', () => {
    const one = world();
    const path = '/apis/apps/v1/namespaces/monitoring/statefulsets/prometheus-k8s';
    const { follows } = addonData('prometheus');
    const [gate] = addonsPhase.gates?.(one, hostOf(one, 'm1')) ?? [];
    const why = (readyReplicas?: number, taken = 'new'): string | undefined => {
      const body = (kind: string, status: object) => ({
        kind,
        metadata: { name: 'x', generation: 1 },
        spec: { template: { metadata: { annotations: { 'k8s-bootstrap/settings': taken } } } },
        status: { observedGeneration: 1, updatedReplicas: 1, ...status },
      });
      const there = {
        availableReplicas: 1,
        desiredNumberScheduled: 1,
        updatedNumberScheduled: 1,
        numberAvailable: 1,
      };
      const others: Record<string, ApiAnswer> = {};
      for (const other of addonData('prometheus').healthy) {
        const kind = other.includes('daemonset') ? 'DaemonSet' : 'Deployment';
        others[other] = { status: 200, body: body(kind, there) };
      }
      const own = { status: 200, body: body('StatefulSet', { readyReplicas }) };
      const podMetadata = { annotations: { 'k8s-bootstrap/settings': 'new' } };
      const behind = { [follows[path] ?? '']: { status: 200, body: { spec: { podMetadata } } } };
      return gate?.judge(sight({ objects: { ...others, ...behind, [path]: own } }));
    };
    expect(why(1)).toBeUndefined();
    expect(why()).toBe('it has no pod yet');
    expect(why(1, 'old')).toMatch(/^its operator has not taken over what prometheuses k8s says/);
    expect(gate?.watches.map(({ key }) => key)).toContain(follows[path]);
    expect(gate?.condition).toContain('readyReplicas');
  });

  it('names the pod that waits, in whichever namespace that is', () => {
    const one = world();
    const [gate] = addonsPhase.gates?.(one, hostOf(one, 'm1')) ?? [];
    const path = '/apis/apps/v1/namespaces/kube-system/daemonsets/node-exporter';
    const metadata = { name: 'node-exporter', namespace: 'kube-system', generation: 1 };
    const set = { kind: 'DaemonSet', metadata, status: { observedGeneration: 1, desiredNumberScheduled: 1 } };
    const pod = { metadata: { name: 'node-exporter-x' }, status: {} };
    const asked = gate?.watches.map(({ key }) => key) ?? [];
    const pods = asked.find((key) => key.startsWith('/api/v1/namespaces/kube-system/pods?')) ?? '';
    const podMetadata = { annotations: { 'k8s-bootstrap/settings': 'taken' } };
    const well = { observedGeneration: 1, updatedReplicas: 1, availableReplicas: 1, readyReplicas: 1 };
    const objects: Record<string, ApiAnswer> = {
      ...Object.fromEntries(
        addonData('prometheus').healthy.map((other) => [
          other,
          {
            status: 200,
            body: {
              kind: other.includes('stateful') ? 'StatefulSet' : 'Deployment',
              metadata,
              spec: { template: { metadata: podMetadata } },
              status: well,
            },
          },
        ]),
      ),
      ...Object.fromEntries(
        Object.values(addonData('prometheus').follows).map((behind) => [
          behind,
          { status: 200, body: { spec: { podMetadata } } },
        ]),
      ),
      [path]: { status: 200, body: set },
      [pods]: { status: 200, body: { items: [pod] } },
    };
    expect(gate?.judge(sight({ objects }))).toMatch(/^pod kube-system\/node-exporter-x waits/);
  });
});
