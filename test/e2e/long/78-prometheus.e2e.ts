import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addonObjects } from '../../../src/addons/objects.ts';
import { differences } from '../../../src/resources/cluster/object.ts';
import type { KubeObject } from '../../../src/kernel/kube-object.ts';
import { chaptersOn } from '../support/course/chapters.ts';
import { walk } from '../support/course/walk.ts';
import { eventually, kubectl, kubectlJson, tryKubectl } from '../support/kubectl.ts';
import { HOSTS } from '../support/lab.ts';
import { withPrometheus } from '../support/monitoring.ts';
import {
  inventoryFile,
  kubeconfigFile,
  lines,
  product,
  standingCluster,
  up,
  writeInventory,
} from '../support/product.ts';

const KINDS =
  'serviceaccounts,clusterroles,clusterrolebindings,roles,rolebindings,services,endpoints,deployments.apps,daemonsets.apps,statefulsets.apps,replicasets.apps,configmaps,secrets';

/** What every namespace has, which stays when the add-on goes. */
const OF_NAMESPACES = /^(?:ServiceAccount|Secret) monitoring default\b/;

/** What the cluster has of all kinds that the add-on is made of, or that are made for it; but for its own kinds. */
const objects = async (): Promise<string[]> => {
  const columns = 'custom-columns=:.kind,:.metadata.namespace,:.metadata.name';
  const text = await kubectl(['get', KINDS, '--all-namespaces', '-o', columns, '--no-headers']);
  return text
    .trim()
    .split('\n')
    .map((line) => line.trim().replaceAll(/\s+/g, ' '))
    .filter((line) => !OF_NAMESPACES.test(line))
    .sort();
};

interface Target {
  readonly labels: Readonly<Record<string, string>>;
  readonly scrapeUrl: string;
  readonly health: string;
  readonly lastError: string;
}

/** As Prometheus has them. */
const targets = async (): Promise<readonly Target[]> => {
  const path = '/api/v1/namespaces/monitoring/services/prometheus:9090/proxy/api/v1/targets';
  const { data } = JSON.parse(await kubectl(['get', '--raw', path])) as {
    data: { activeTargets: readonly Target[] };
  };
  return data.activeTargets;
};

const jobsOf = (found: readonly Target[]): Record<string, number> =>
  found.reduce<Record<string, number>>((count, { labels: { job = '' } }) => {
    count[job] = (count[job] ?? 0) + 1;
    return count;
  }, {});

/** Somebody's own program with figures, and that Prometheus is to ask it. */
const SHOP: readonly KubeObject[] = [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } },
  {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'till', namespace: 'shop', labels: { app: 'till' } },
    spec: { containers: [{ name: 'till', image: 'prom/node-exporter:v0.18.1' }] },
  },
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'till', namespace: 'shop', labels: { app: 'till' } },
    spec: { selector: { app: 'till' }, ports: [{ name: 'figures', port: 9100 }] },
  },
  {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'ServiceMonitor',
    metadata: { name: 'till', namespace: 'shop' },
    spec: { selector: { matchLabels: { app: 'till' } }, endpoints: [{ port: 'figures' }] },
  },
];

let before: string[];

beforeAll(async () => {
  await standingCluster();
  before = await objects();
});

afterAll(async () => {
  writeInventory();
  await up('--prune');
  await kubectl(['delete', 'namespace', 'shop', '--ignore-not-found']);
  await kubectl(['delete', 'crd', '-l', 'k8s-bootstrap/part=prometheus', '--ignore-not-found']);
});

describe('prometheus', () => {
  test('runs when up ends', async () => {
    writeInventory(withPrometheus('{ prometheus: { interval: 5s } }'));
    await up();
    expect((await product(['addons', 'list', '--json', '-i', inventoryFile])).code).toBe(0);
  });

  test('gets the figures of the control plane, of every node and of itself', async () => {
    await eventually(async () => {
      const found = await targets();
      const ill = found.filter(({ health }) => health !== 'up');
      expect(ill.map(({ scrapeUrl, lastError }) => `${scrapeUrl}: ${lastError}`)).toEqual([]);
      expect(jobsOf(found)).toEqual({
        apiserver: 1,
        etcd: 1,
        'kube-controller-manager': 1,
        'kube-scheduler': 1,
        kubelet: 2 * HOSTS.length,
        'kube-state-metrics': 1,
        'node-exporter': HOSTS.length,
        prometheus: 1,
        'prometheus-operator': 1,
      });
    }, 180);
  });

  test('names nodes in what their exporters tell', async () => {
    const exporters = (await targets()).filter(({ labels }) => labels['job'] === 'node-exporter');
    expect(exporters.map(({ labels }) => labels['instance']).sort()).toEqual([...HOSTS]);
  });

  test('leaves a second up nothing to do', async () => {
    expect((await up()).summary.changed).toBe(0);
  });

  test('asks whom somebody’s own ServiceMonitor names', async () => {
    await kubectl(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items: SHOP }));
    await eventually(async () => {
      const own = (await targets()).filter(({ labels }) => labels['namespace'] === 'shop');
      expect(own.map(({ health }) => health)).toEqual(['up']);
    }, 180);
  });

  test.each([
    ['who views', ['--as', 'vera'], 'monitoring', 'no'],
    ['Prometheus', ['--as', 'system:serviceaccount:monitoring:prometheus'], 'monitoring', 'no'],
    ['kube-state-metrics', ['--as', 'system:serviceaccount:monitoring:kube-state-metrics'], 'default', 'no'],
    ['the operator', ['--as', 'system:serviceaccount:monitoring:prometheus-operator'], 'kube-system', 'no'],
    ['the operator', ['--as', 'system:serviceaccount:monitoring:prometheus-operator'], 'monitoring', 'yes'],
  ])('does not let %s read Secrets that are not its own: %j in %s', async (_, who, namespace, answer) => {
    const binding = ['viewers', '--clusterrole=view', '--user=vera'];
    await tryKubectl(['-n', 'monitoring', 'create', 'rolebinding', ...binding]);
    const can = (verb: string, kind: string) =>
      tryKubectl(['auth', 'can-i', verb, kind, '-n', namespace, ...who]);
    expect((await can('list', 'secrets')).stdout.trim()).toBe(answer);
    if (who.includes('vera')) expect((await can('list', 'pods')).stdout.trim()).toBe('yes');
    await kubectl(['-n', 'monitoring', 'delete', 'rolebinding', 'viewers']);
  });

  test.each(chaptersOn('prometheus'))(
    'lets a student see what the page shows: $folder',
    async ({ folder }) => {
      expect(await walk(folder, { kubeconfig: kubeconfigFile, inventory: inventoryFile })).toBeGreaterThan(0);
    },
  );
});

describe('grafana', () => {
  test('is made of objects that the API server takes, and keeps as they are written', async () => {
    const wanted = addonObjects('grafana', {
      user: 'admin',
      password: 'admin',
      'image:grafana': 'grafana/grafana:6.6.2',
      pullPolicy: 'IfNotPresent',
    });
    const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: wanted });
    const answer = await kubectl(['apply', '--server-dry-run', '-o', 'json', '-f', '-'], list);
    const { items } = JSON.parse(answer) as { readonly items: readonly KubeObject[] };
    expect(items).toHaveLength(wanted.length);
    for (const [index, object] of wanted.entries())
      expect(differences(object, items[index]), object.kind).toEqual([]);
  });
});

describe('what is taken out of the inventory', () => {
  test('goes with up --prune, and nothing else goes: neither its kinds nor what others made of them', async () => {
    writeInventory(withPrometheus('{}'));
    const pruned = await up('--prune');
    expect(lines(pruned.planned)).toEqual(['m1 addon:prometheus delete']);
    await eventually(async () => {
      const left = (await objects()).filter((line) => !/ shop |viewers/.test(line));
      expect(left).toEqual(before);
    }, 180);
    const monitors = await kubectlJson<{ items: readonly KubeObject[] }>(
      'get',
      'servicemonitors.monitoring.coreos.com',
      '--all-namespaces',
    );
    expect(monitors.items.map(({ metadata }) => metadata.name)).toEqual(['till']);
  });
});
