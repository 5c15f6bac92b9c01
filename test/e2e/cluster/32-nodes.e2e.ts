import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually, kubectl, kubectlJson } from '../support/kubectl.ts';
import { addressOf, lab, onHost, onHosts, settings, tryOnHost } from '../support/lab.ts';
import {
  type Result,
  confirmed,
  failures,
  inventoryFile,
  k8sb,
  lines,
  product,
  standingCluster,
  up,
  withInventory,
} from '../support/product.ts';

const node = (...words: readonly string[]): Promise<Result> => confirmed('node', ...words);

const codes = ({ events }: Result): unknown[] =>
  events
    .filter(({ type }) => type.endsWith('.failed'))
    .map(({ error }) => (error as { readonly code: string }).code);

const nodes = async (): Promise<string[]> => {
  const { items } = await kubectlJson<{ items: { metadata: { name: string } }[] }>('get', 'nodes');
  return items.map(({ metadata }) => metadata.name).sort();
};

const schedulable = async (): Promise<boolean> =>
  (await kubectl(['get', 'node', 'w2', '-o', 'jsonpath={.spec.unschedulable}'])) === '';

const withoutW2 = (text: string): string => text.replace(/ {2}- name: w2\n(?: {4}.*\n)+/, '');

/** What would still let a host act in the cluster, and what still runs there of it. */
const leftOn = (host: 'w2'): Promise<string> =>
  onHost(
    host,
    `find /etc/kubernetes /var/lib/kubelet/pki -name '*.key' -o -name '*.pem' -o -name '*.conf'
    ctr -n k8s.io tasks list | grep RUNNING || true`,
  );

const app = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'kept', namespace: 'default' },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: 'kept' } },
    template: {
      metadata: { labels: { app: 'kept' } },
      spec: {
        nodeSelector: { disk: 'ssd' },
        terminationGracePeriodSeconds: 0,
        containers: [
          {
            name: 'shell',
            image: `${settings.controller}:5000/busybox:1.31`,
            command: ['sleep', '3600'],
          },
        ],
      },
    },
  },
};
const budget = {
  apiVersion: 'policy/v1beta1',
  kind: 'PodDisruptionBudget',
  metadata: { name: 'kept', namespace: 'default' },
  spec: { minAvailable: 1, selector: { matchLabels: { app: 'kept' } } },
};
const alone = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'alone', namespace: 'default' },
  spec: { ...app.spec.template.spec, nodeName: 'w2' },
};

const gone = (): Promise<string> =>
  kubectl([
    'delete',
    'deployment/kept',
    'daemonset/kept',
    'pdb/kept',
    'pod/alone',
    '--ignore-not-found',
    '--wait=true',
  ]);

beforeAll(async () => {
  await standingCluster();
  await gone();
});

afterAll(async () => {
  await gone();
  await lab('start', 'w2');
  await up();
});

describe('drain', () => {
  test('is held up by a disruption budget, and names it', async () => {
    await kubectl(
      ['apply', '-f', '-'],
      JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [app, budget] }),
    );
    await kubectl(['rollout', 'status', 'deployment/kept', '--timeout=90s']);
    const result = await node('drain', 'w2', '--timeout', '8');
    expect(codes(result), failures(result)).toContain('E_DRAIN_BUDGET');
    expect(
      await kubectl([
        'get',
        'pods',
        '-l',
        'app=kept',
        '--field-selector',
        'status.phase=Running',
        '-o',
        'name',
      ]),
    ).toMatch(/^pod\/kept-/);
    await gone();
  });

  test('leaves a pod alone that nothing makes anew, but by force; uncordon ends it', async () => {
    await kubectl(['apply', '-f', '-'], JSON.stringify(alone));
    const refused = await node('drain', 'w2', '--timeout', '30');
    expect(codes(refused), failures(refused)).toContain('E_DRAIN_UNMANAGED');
    const done = await node('drain', 'w2', '--force', '--timeout', '60');
    expect(done.code, failures(done)).toBe(0);
    expect(await kubectl(['get', 'pod', 'alone', '--ignore-not-found'])).toBe('');
    expect(await schedulable()).toBe(false);
    expect(lines((await k8sb(['plan'])).planned)).toEqual([]);
    const back = await node('uncordon', 'w2');
    expect(back.code, failures(back)).toBe(0);
    expect(await schedulable()).toBe(true);
  });
});

describe('labels and taints', () => {
  const marked = (text: string): string =>
    text.replace(
      '    labels: { disk: ssd }\n',
      "    labels: { disk: hdd, lab/shelf: a3 }\n    taints: ['lab/slow=yes:PreferNoSchedule']\n",
    );
  const onW2 = async (): Promise<[labels: string[], taints: string[]]> => {
    const { metadata, spec } = await kubectlJson<{
      metadata: { labels: Record<string, string> };
      spec: { taints?: { key: string; value?: string; effect: string }[] };
    }>('get', 'node', 'w2');
    const taints = (spec.taints ?? []).map(({ key, value = '', effect }) => `${key}=${value}:${effect}`);
    const labels = Object.entries(metadata.labels).map((pair) => pair.join('='));
    return [labels.filter((label) => /^(?:disk|lab\/)/.test(label)).sort(), taints.sort()];
  };
  const told = async (): Promise<string[]> =>
    (await k8sb(['plan'])).planned.map(({ host, id, summary }) => `${host} ${id} ${summary}`);

  test('that leave the inventory leave the node, and those of others stay', async () => {
    try {
      await withInventory(marked, async () => {
        expect(await told()).toEqual([
          'm1 node:w2 label disk=ssd → hdd, label lab/shelf=a3, taint lab/slow=yes:PreferNoSchedule',
        ]);
        await up();
        expect((await k8sb(['plan', '--detailed-exitcode'])).code).toBe(0);
      });
      await kubectl(['label', 'node', 'w2', 'lab/by-hand=1']);
      await kubectl(['taint', 'node', 'w2', 'lab/by-hand=1:PreferNoSchedule']);
      expect(await onW2()).toEqual([
        ['disk=hdd', 'lab/by-hand=1', 'lab/shelf=a3'],
        ['lab/by-hand=1:PreferNoSchedule', 'lab/slow=yes:PreferNoSchedule'],
      ]);
      expect(await told()).toEqual([
        'm1 node:w2 label disk=hdd → ssd, label lab/shelf=a3: taken away, taint lab/slow=yes:PreferNoSchedule: taken away',
      ]);
      await up();
      expect(await onW2()).toEqual([['disk=ssd', 'lab/by-hand=1'], ['lab/by-hand=1:PreferNoSchedule']]);
      expect((await k8sb(['plan', '--detailed-exitcode'])).code).toBe(0);
    } finally {
      await kubectl(['label', 'node', 'w2', 'lab/by-hand-']);
      await kubectl(['taint', 'node', 'w2', 'lab/by-hand-']);
    }
  });

  test('are written down where no node can write', async () => {
    const pki = '/var/lib/kubelet/pki/kubelet-client';
    const path = '/api/v1/namespaces/kube-system/configmaps/k8s-bootstrap-nodes';
    const status = await onHost(
      'w2',
      `curl -sS -o /dev/null -w '%{http_code}' --noproxy '*' --cacert /etc/kubernetes/pki/ca.crt --cert ${pki}.crt --key ${pki}.key -X PATCH -H 'Content-Type: application/merge-patch+json' -d '{"data":{"w2":""}}' https://${addressOf('m1')}:6443${path}`,
    );
    expect(status).toBe('403');
  });
});

describe('remove', () => {
  test('refuses the last master and a name that nobody knows, and does nothing', async () => {
    expect(codes(await node('remove', 'm1'))).toContain('E_NODE_LAST_MASTER');
    expect(codes(await node('remove', 'w9'))).toContain('E_NODE_UNKNOWN');
    expect(await nodes()).toEqual(['m1', 'w1', 'w2']);
    expect(lines((await k8sb(['plan'])).planned)).toEqual([]);
  });

  test('of a host that lives leaves neither a unit, nor a container, nor a key of the cluster on it', async () => {
    // Pods that tolerate everything come back while a node is drained, as those of DaemonSets stay.
    const daemons = {
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata: { name: 'kept', namespace: 'default' },
      spec: { selector: app.spec.selector, template: app.spec.template },
    };
    await kubectl(['apply', '-f', '-'], JSON.stringify(daemons));
    await kubectl(['rollout', 'status', 'daemonset/kept', '--timeout=90s']);
    expect(await leftOn('w2')).toContain('RUNNING');
    const result = await node('remove', 'w2', '--timeout', '60');
    expect(result.code, failures(result)).toBe(0);
    expect(await nodes()).toEqual(['m1', 'w1']);
    const units = 'kubelet kube-proxy k8s-bootstrap-routes';
    expect(
      (await tryOnHost('w2', `systemctl is-active ${units}; systemctl is-enabled ${units}`)).stdout.trim(),
    ).toBe([...Array<string>(3).fill('inactive'), ...Array<string>(3).fill('disabled')].join('\n'));
    expect(await leftOn('w2')).toBe('');
  });

  test('and the next up leaves no trace of it on the others, once the inventory has forgotten it', async () => {
    await withInventory(withoutW2, async () => {
      await up();
      const routes = await onHosts('ip route; cat /etc/kubernetes/pod-routes', ['m1', 'w1']);
      for (const text of routes.values()) expect(text).not.toContain(addressOf('w2'));
      expect((await k8sb(['plan', '--detailed-exitcode'])).code).toBe(0);
    });
  });

  test('of a host that is dead needs --force; when it comes back, status warns of it', async () => {
    await up();
    expect(await nodes()).toEqual(['m1', 'w1', 'w2']);
    await lab('poweroff', 'w2');
    const refused = await node('remove', 'w2');
    expect(codes(refused), failures(refused)).toContain('E_UNREACHABLE');
    const result = await node('remove', 'w2', '--force');
    expect(result.code, failures(result)).toBe(0);
    expect(await nodes()).toEqual(['m1', 'w1']);
    await withInventory(withoutW2, async () => {
      await up();
      await lab('start', 'w2');
      await eventually(async () => {
        const { events } = await product(['status', '--json', '-i', inventoryFile]);
        expect(events.filter(({ check }) => check === 'nodes')).toMatchObject([
          { level: 'warn', message: 'nodes of the cluster that the inventory does not name: w2' },
        ]);
      });
      const again = await node('remove', 'w2', '--timeout', '60');
      expect(again.code, failures(again)).toBe(0);
      expect(await nodes()).toEqual(['m1', 'w1']);
    });
  });
});
