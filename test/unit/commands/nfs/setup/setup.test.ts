import { expect, it, onTestFinished } from 'vitest';
import type { Cluster } from '../../../../../src/cluster/open.ts';
import { IN_THE_CLUSTER, NFS_PHASES } from '../../../../../src/commands/nfs/setup/setup.ts';
import { paths } from '../../../../../src/kernel/host-paths.ts';
import type { FileState, Observed } from '../../../../../src/probe/observe.ts';
import { everyHost, examples, imaginedHost, openExample } from '../../../../support/example-cluster.ts';

const ABSENT: FileState = { type: 'absent' };
const THERE: FileState = { type: 'file', mode: '0600', owner: 'root', group: 'root', size: 1, sha256: 'x' };

async function open(): Promise<Cluster> {
  const nfs = examples.find(({ name }) => name === 'nfs')!;
  const { cluster, close } = await openExample(nfs, { only: NFS_PHASES, needCluster: IN_THE_CLUSTER });
  onTestFinished(close);
  return cluster;
}

/** Fresh hosts; on masters, the administrator's kubeconfig is as said. */
const hosts = (cluster: Cluster, adminConf: FileState | undefined): Map<string, Observed> =>
  everyHost(cluster, () =>
    imaginedHost('centos', { more: { file: (path) => (path === paths.adminConf ? adminConf : undefined) } }),
  );

const ids = (cluster: Cluster, seen: Map<string, Observed>): string[] =>
  cluster.desire(seen).map(({ id }) => id);

it('leaves what is in the cluster for later when there is none', async () => {
  const cluster = await open();
  const seen = hosts(cluster, ABSENT);
  expect(ids(cluster, seen)).toEqual(['base', 'nfs-packages', 'firewall', 'nfs-server', 'nfs-client']);
  expect(cluster.later(seen)).toEqual(['Images from archives and mirrors', 'NFS volumes']);
});

it.each([
  ['there is a cluster', THERE],
  ['nobody knows whether there is one', undefined],
])('does all when %s', async (_, adminConf) => {
  const cluster = await open();
  const seen = hosts(cluster, adminConf);
  expect(new Set(ids(cluster, seen))).toEqual(new Set(NFS_PHASES));
  expect(cluster.later(seen)).toEqual([]);
});

it('decides that when all have answered, whoever was first, and for the whole run', async () => {
  const cluster = await open();
  const rehearsed = ids(cluster, new Map([...hosts(cluster, ABSENT)].slice(1)));
  const first = ids(cluster, hosts(cluster, ABSENT));
  expect(first.length).toBeLessThan(rehearsed.length);
  cluster.begin(hosts(cluster, ABSENT));
  expect(ids(cluster, hosts(cluster, THERE))).toEqual(first);
});

it('asks masters at once what it decides by', async () => {
  const cluster = await open();
  const asked = cluster.inventory.hosts.filter(({ name }) =>
    cluster.watches(name).some(({ key }) => key === paths.adminConf),
  );
  expect(asked.map(({ roles }) => roles.includes('master'))).toEqual([true]);
});
