import { describe, expect, it } from 'vitest';
import type { Cluster } from '../../../../../src/cluster/open.ts';
import { checkMounts, visitedHosts } from '../../../../../src/commands/nfs/check/nfs-check.ts';
import { look } from '../../../../../src/commands/nfs/claim/claim.ts';
import { BootstrapError } from '../../../../../src/kernel/errors.ts';
import { load } from '../../../inventory/load-text.ts';
import { type Saying, toldFleet } from '../told-fleet.ts';

const cluster = async (): Promise<Cluster> =>
  (await load(
    'name: x\nhosts: [{ name: m1, address: 192.0.2.1, roles: [master, etcd] }, { name: w1, address: 192.0.2.2, roles: [worker] }, { name: w2, address: 192.0.2.3, roles: [worker] }, { name: n1, address: 192.0.2.9, roles: [nfs] }]\nnfs: { exports: [{ path: /nfsdata }], provisioner: {} }\n',
  )) as unknown as Cluster;

const API: Saying = { healthz: 'ok', nodes: 'm1\tTrue\t\nw1\tTrue\t\n', class: '', others: '' };

describe('a check of one node', () => {
  it.each([
    [['w1'], false, ['w1', 'n1']],
    [['w1'], true, ['m1', 'w1', 'n1']],
    [['m1'], true, ['m1', 'n1']],
    [[], false, ['m1', 'w1', 'w2', 'n1']],
  ])('%j, with a claim: %s, goes to %j', async (nodes, claim, hosts) => {
    expect(visitedHosts(await cluster(), { nodes, claim })).toEqual(hosts);
  });

  it('has a master to claim by, and mounts nothing there', async () => {
    const opened = await cluster();
    const { inventory } = opened;
    const hosts = visitedHosts(opened, { nodes: ['w1'], claim: true });
    const { fleet, asked } = toldFleet(
      inventory,
      Object.fromEntries(hosts.map((name) => [name, { ...(name === 'm1' && API), existing: '' }])),
    );
    const visit = { cluster: opened, fleet };
    await checkMounts({ emit: () => undefined, nodes: ['w1'] }, visit);
    expect(asked.filter((one) => one.startsWith('m1'))).toEqual([]);
    expect((await look(visit, inventory.nfs!.provisioner!)).master.name).toBe('m1');
  });

  it('does not miss a master that is there for the claim alone', async () => {
    const opened = await cluster();
    const told: string[][] = [];
    const { fleet } = toldFleet(opened.inventory, { m1: {}, w1: {}, n1: {} });
    fleet.members.get('m1')!.failed = new BootstrapError('E_UNREACHABLE', 'm1 is away');
    const emit = (event: object): void => {
      if ('data' in event) told.push((event.data as { lost: string[] }).lost);
    };
    await checkMounts({ emit, nodes: ['w1'] }, { cluster: opened, fleet });
    expect(told).toEqual([[]]);
  });
});
