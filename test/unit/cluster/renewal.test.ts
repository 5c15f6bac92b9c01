import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type ClusterOptions, type Cluster, openCluster } from '../../../src/cluster/open.ts';
import { type Renewal, renewalStages } from '../../../src/cluster/renewal.ts';
import { judgeFor } from '../../../src/phases/shared/certificates.ts';
import { imagined } from '../../../src/facts/facts.ts';
import { adminSpec } from '../../../src/phases/trust/authorities.ts';
import { LEAF_IDS, type LeafId } from '../../../src/pki/spec.ts';
import { allChanges } from '../../../src/plan/plan.ts';
import { scratch } from '../../support/ssh-target.ts';
import { makePlan } from '../../support/planning.ts';

const folder = scratch();
const opened: Cluster[] = [];
let file = '';

beforeAll(() => {
  file = folder.file(
    'inventory.yaml',
    `name: demo
hosts:
  - { name: m1, address: 192.0.2.11, roles: [master, etcd] }
  - { name: m2, address: 192.0.2.12, roles: [master, etcd] }
  - { name: m3, address: 192.0.2.13, roles: [master, etcd] }
  - { name: w1, address: 192.0.2.21, roles: [worker] }
`,
  );
});

afterAll(async () => {
  for (const { artifacts } of opened) await artifacts.close();
  folder.remove();
});

const open = async (more: Partial<ClusterOptions> = {}): Promise<Cluster> => {
  const options = { file, env: { HOME: folder.path }, emit: () => undefined, secrets: new Set<never>() };
  const cluster = await openCluster({ ...options, ...more });
  opened.push(cluster);
  return cluster;
};

const renewal = (names: readonly LeafId[], hosts?: readonly string[]): Renewal => ({
  names: new Set(names),
  hosts: hosts && new Set(hosts),
  asked: new Date(),
});

/** What would be done on fresh hosts, as `phase host id`. */
async function planned(wanted: Renewal): Promise<string[]> {
  const cluster = await open({ renewal: wanted });
  const seen = new Map(cluster.inventory.hosts.map(({ name }) => [name, imagined('centos')]));
  return allChanges(makePlan(cluster.desire(seen), seen)).map(
    ({ phase, host, planned }) => `${phase} ${host} ${planned.id}`,
  );
}

describe('a renewal', () => {
  it('is of the certificates that were asked for and of the service that uses them', async () => {
    const crt = 'certificate:/etc/kubernetes/pki/apiserver.crt';
    expect(await planned(renewal(['apiserver']))).toEqual(
      ['m1', 'm2', 'm3'].flatMap((host) => [
        `apiserver ${host} ${crt}`,
        `apiserver ${host} service:kube-apiserver.service`,
      ]),
    );
  });

  it('is on the hosts that were asked for', async () => {
    expect(await planned(renewal(['apiserver', 'kubelet-server'], ['m2', 'w1']))).toEqual([
      'apiserver m2 certificate:/etc/kubernetes/pki/apiserver.crt',
      'apiserver m2 service:kube-apiserver.service',
      'kubelet m2 certificate:/var/lib/kubelet/pki/kubelet.crt',
      'kubelet m2 service:kubelet.service',
      'kubelet w1 certificate:/var/lib/kubelet/pki/kubelet.crt',
      'kubelet w1 service:kubelet.service',
    ]);
  });

  it('of the administrator’s is of its three files on the masters', async () => {
    expect(await planned(renewal(['admin']))).toEqual(
      ['m1', 'm2', 'm3'].flatMap((host) =>
        ['pki/admin.crt', 'pki/admin.key', 'admin.conf'].map(
          (path) => `trust ${host} file:/etc/kubernetes/${path}`,
        ),
      ),
    );
  });

  it('of all is of every certificate that lies on hosts', async () => {
    const lines = await planned(renewal(LEAF_IDS));
    const certificates = lines.filter((line) => line.includes('certificate:')).map((line) => line.split(' '));
    // The administrator's comes as a file, and this cluster has no flannel.
    const renewed = LEAF_IDS.filter((id) => id !== 'admin' && id !== 'flannel');
    expect(new Set(certificates.map(([, , id]) => id)).size).toBe(renewed.length);
    expect(certificates.filter(([, host]) => host === 'w1').map(([phase]) => phase)).toEqual([
      'balancer',
      'kubelet',
      'kubelet',
      'kube-proxy',
    ]);
  });

  it('goes one member at a time, and looks at the others of a quorum', async () => {
    const cluster = await open({ renewal: renewal(['etcd-server', 'kube-proxy'], ['m2', 'w1']) });
    const stages = cluster.desire(new Map());
    expect(stages.map(({ id, batch, hosts }) => [id, batch, [...hosts]])).toEqual([
      ['etcd', 'rolling', ['m1', 'm2', 'm3']],
      ['kube-proxy', 'rolling', ['m2', 'w1']],
    ]);
    expect(stages[0]!.resources('m1')).toEqual([]);
    expect(stages[0]!.gates('m1')).toHaveLength(1);
  });

  it('makes a certificate once, however long the run takes', async () => {
    const cluster = await open({ renewal: renewal(['admin']) });
    const fits = (): boolean => {
      const world = cluster.world(new Map());
      const spec = adminSpec(world);
      return judgeFor(world, spec, cluster.pki.admin()?.certificate).fit;
    };
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 60_000 });
    await (await open()).prepare();
    vi.useRealTimers();
    await cluster.pki.load();
    expect(fits()).toBe(false);
    await cluster.prepare();
    expect(fits()).toBe(true);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 60_000 });
    expect(fits()).toBe(true);
    vi.useRealTimers();
  });

  it('is no time to look for orphans', async () => {
    expect((await open({ renewal: renewal(['apiserver']) })).complete).toBe(false);
    expect((await open()).complete).toBe(true);
  });

  it('without any certificate is of no stage at all', async () => {
    const cluster = await open();
    expect(renewalStages(cluster.desire(new Map()), renewal([]))).toEqual([]);
  });
});
