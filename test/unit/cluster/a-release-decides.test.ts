import { describe, expect, it, vi } from 'vitest';
import { parseInventory } from '../../../src/inventory/load.ts';
import { InventoryError } from '../../../src/inventory/problem.ts';
import { inventoryContext } from '../../../src/cluster/read-inventory.ts';
import { allChanges } from '../../../src/plan/plan.ts';
import { everyHost, imaginedHost, withExample } from '../../support/example-cluster.ts';
import { makePlan } from '../../support/planning.ts';

/** A release that there is not: its row, and tables that differ from those of 1.16 in a flag and a field. */
const made = vi.hoisted((): Readonly<Record<string, (of: (path: string) => unknown) => unknown>> => ({
  'release/v1.17.0.yaml': (of) => ({
    ...(of('release/v1.16.3.yaml') as object),
    kubernetes: 'v1.17.0',
    etcd: { version: 'v3.4.3', tried: ['v3.4.3'] },
    cni: { version: 'v0.8.5', tried: ['v0.8.5'] },
    pause: 'registry.test/pause:3.2',
  }),
  'release/flags/v1.17/kube-apiserver.yaml': (of) => {
    const table = of('release/flags/v1.16/kube-apiserver.yaml') as { known: string[] };
    return { ...table, known: [...table.known.filter((flag) => flag !== 'cert-dir'), 'made-up-limit'] };
  },
  'templates/flags/v1.17/kube-apiserver.yaml': (of) => {
    const layers = of('templates/flags/v1.16/kube-apiserver.yaml') as { all: object };
    return { ...layers, all: { ...layers.all, 'made-up-limit': '17' } };
  },
  'release/config/v1.17/kubelet.yaml': (of) => ({
    ...(of('release/config/v1.16/kubelet.yaml') as object),
    madeUpField: 'whole',
  }),
}));

vi.mock(import('../../../src/kernel/data.ts'), async (original) => {
  const real = await original();
  return {
    ...real,
    namesIn: (folder) => [...real.namesIn(folder), ...(folder === 'release' ? ['v1.17.0.yaml'] : [])],
    readData: (path) => made[path]?.(real.readData) ?? real.readData(path.replace('v1.17', 'v1.16')),
  };
});

/** All that is wanted of one fresh Debian host, as lines of the plan and as texts of files by their paths. */
const wanted = (version: string, more = ''): Promise<{ plan: string; texts: Map<string, string> }> => {
  const edit = (text: string): string => `${text}\nkubernetes: { version: ${version} }\n${more}`;
  const example = { name: 'made', inventory: 'single-node.yaml', family: 'debian', edit } as const;
  return withExample(example, (cluster) => {
    const seen = everyHost(cluster, () => imaginedHost('debian'));
    const changes = allChanges(makePlan(cluster.desire(seen), seen)).map(({ planned }) => planned);
    return {
      plan: changes
        .map(({ id, change }) => `${id} ${change.kind === 'none' ? change.why : change.summary}`)
        .join('\n'),
      texts: new Map(
        changes.flatMap(({ change }) => ('text' in change ? [[change.text.path, change.text.after]] : [])),
      ),
    };
  });
};

const ETCD = 'file:/usr/local/bin/etcd etcd of etcd';
const CNI = 'file:/opt/cni/bin/bridge bridge of cni-plugins';
const KUBELET = '/etc/systemd/system/kubelet.service';
const CONTAINERD = '/etc/containerd/config.toml';
const APISERVER = '/etc/systemd/system/kube-apiserver.service';

describe.each([
  { version: 'v1.16.3', etcd: 'v3.3.17', cni: 'v0.8.1', pause: 'k8s.gcr.io/pause:3.1', limit: false },
  { version: 'v1.16.15', etcd: 'v3.3.17', cni: 'v0.8.1', pause: 'k8s.gcr.io/pause:3.1', limit: false },
  { version: 'v1.17.0', etcd: 'v3.4.3', cni: 'v0.8.5', pause: 'registry.test/pause:3.2', limit: true },
])('a cluster of $version', ({ version, etcd, cni, pause, limit }) => {
  it('has the etcd, plugins, pause image and flags that go with it', async () => {
    const { plan, texts } = await wanted(version);
    expect(plan).toContain(`file:/usr/local/bin/kubelet kubelet ${version}`);
    expect(plan).toContain(`${ETCD} ${etcd}`);
    expect(plan).toContain(`${CNI} ${cni}`);
    expect(texts.get(KUBELET)).toContain(`--pod-infra-container-image=${pause}`);
    expect(texts.get(CONTAINERD)).toContain(`sandbox_image = "${pause}"`);
    expect(texts.get(APISERVER)?.includes('--made-up-limit=17')).toBe(limit);
  });

  it('has those of the inventory where it names them', async () => {
    const own = `
etcd: { version: v3.4.23 }
network: { cniVersion: v1.2.0 }
images: { pause: 'mine/pause:9' }
`;
    const { plan, texts } = await wanted(version, own);
    expect(plan).toContain(`${ETCD} v3.4.23`);
    expect(plan).toContain(`${CNI} v1.2.0`);
    expect(texts.get(KUBELET)).toContain('--pod-infra-container-image=mine/pause:9');
  });
});

describe('a flag and a field that only one version has', () => {
  const complaints = (version: string, more: string): readonly string[] => {
    const text = `name: x\nhosts: [{ name: n, address: 192.0.2.1 }]\nkubernetes: { version: ${version} }\n${more}`;
    try {
      parseInventory(Buffer.from(text), 'inventory.yaml', inventoryContext({}));
      return [];
    } catch (error) {
      if (!(error instanceof InventoryError)) throw error;
      return error.problems.map(({ path, message }) => `${path}: ${message}`);
    }
  };

  it.each([
    [
      'new flag',
      'apiServer: { extraArgs: { made-up-limit: 9 } }',
      ['apiServer.extraArgs.made-up-limit: kube-apiserver has no flag --made-up-limit'],
      [],
    ],
    [
      'flag that is gone',
      'apiServer: { extraArgs: { cert-dir: /x } }',
      [],
      ['apiServer.extraArgs.cert-dir: kube-apiserver has no flag --cert-dir'],
    ],
    [
      'new field',
      'kubelet: { config: { madeUpField: 3 } }',
      ['kubelet.config.madeUpField: unknown field'],
      [],
    ],
  ])('%s: is taken there and refused elsewhere', (_what, more, before, after) => {
    expect(complaints('v1.16.3', more)).toEqual(before);
    expect(complaints('v1.17.0', more)).toEqual(after);
  });

  it('is judged by the latest version where the version itself is not known', () => {
    const more = 'apiServer: { extraArgs: { made-up-limit: 9, colour: red } }';
    expect(complaints('v1.99.0', more)).toEqual([
      expect.stringContaining('kubernetes.version: Kubernetes v1.99.0 is not known'),
      'apiServer.extraArgs.colour: kube-apiserver has no flag --colour',
    ]);
  });
});
