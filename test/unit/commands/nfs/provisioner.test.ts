import { describe, expect, it } from 'vitest';
import { provisionerStillWaits, provisionerWaits } from '../../../../src/commands/nfs/provisioner.ts';
import { statusOf } from '../../../../src/commands/nfs/status/status-report.ts';
import type { Inventory } from '../../../../src/inventory/types.ts';
import { PROVISIONER_DEPLOYMENTS } from '../../../../src/phases/nfs/provisioner-objects.ts';
import { load } from '../../inventory/load-text.ts';
import { sight } from '../../phases/world.ts';
import { type Saying, toldFleet } from './told-fleet.ts';

const inventoryOf = async (more = ', provisioner: {}'): Promise<Inventory> =>
  (
    await load(
      `name: x\nhosts: [{ name: m1, address: 192.0.2.1, roles: [master, etcd] }, { name: m2, address: 192.0.2.2, roles: [master] }, { name: n1, address: 192.0.2.9, roles: [nfs] }]\nnfs: { exports: [{ path: /nfsdata }]${more} }\n`,
    )
  ).inventory;

const NAME = 'nfs-client-provisioner';
const deployment = (readyReplicas?: number): object => ({
  metadata: { name: NAME, namespace: 'kube-system' },
  status: { ...(readyReplicas !== undefined && { readyReplicas }) },
});
const pod = (status: object, nodeName?: string): object => ({
  items: [{ metadata: { name: `${NAME}-1` }, spec: { ...(nodeName !== undefined && { nodeName }) }, status }],
});
const creating = {
  conditions: [{ type: 'PodScheduled', status: 'True' }],
  containerStatuses: [{ ready: false, state: { waiting: { reason: 'ContainerCreating' } } }],
};
const event = (
  reason: string,
  message: string,
  lastTimestamp: string | null,
  name = `${NAME}-1`,
): object => ({
  involvedObject: { kind: 'Pod', name },
  reason,
  message,
  lastTimestamp,
});
const saying = (own: object, pods: object = { items: [] }, items: readonly object[] = []): Saying => ({
  deployment: JSON.stringify(own),
  pods: JSON.stringify(pods),
  events: JSON.stringify({ items }),
});

const EVENTS = [
  event('FailedMount', 'mount.nfs:\n  Connection timed out', '2026-11-29T00:02:00Z'),
  event('Scheduled', 'assigned', null),
  event('Pulled', 'another pod', '2026-11-29T00:03:00Z', 'x'),
];
const SENTENCE =
  'the NFS provisioner is not ready: pod kube-system/nfs-client-provisioner-1 on w1 waits (ContainerCreating; FailedMount: mount.nfs: Connection timed out)';
const AWAY: Saying = { deployment: [1, 'The connection to the server was refused'] };
const UNKNOWN = 'whether the NFS provisioner is ready is not known: no API server answers';

describe('a provisioner', () => {
  it.each<[string, Readonly<Record<string, Saying>>, string | undefined]>([
    ['that is ready', { m1: saying(deployment(1)) }, undefined],
    ['whose volume cannot be mounted', { m1: saying(deployment(), pod(creating, 'w1'), EVENTS) }, SENTENCE],
    [
      'that the next API tells of',
      { m1: AWAY, m2: saying(deployment(0), pod(creating, 'w1'), EVENTS) },
      SENTENCE,
    ],
    [
      'that no node takes',
      {
        m1: saying(
          deployment(),
          pod({
            conditions: [
              { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/2 nodes' },
            ],
          }),
        ),
      },
      'the NFS provisioner is not ready: pod kube-system/nfs-client-provisioner-1 waits (Unschedulable: 0/2 nodes)',
    ],
    [
      'without a pod',
      { m1: saying(deployment()) },
      'the NFS provisioner is not ready: Deployment kube-system/nfs-client-provisioner has no pod yet',
    ],
    [
      'that is not there',
      { m1: { deployment: [1, 'Error from server (NotFound): deployments.apps not found'] } },
      'the NFS provisioner is not ready: there is no Deployment kube-system/nfs-client-provisioner',
    ],
    ['that nobody can tell of', { m1: AWAY, m2: AWAY }, UNKNOWN],
    ['where there is no cluster', { m1: {}, m2: {} }, undefined],
  ])('%s', async (_, says, expected) => {
    const inventory = await inventoryOf();
    expect(await provisionerWaits(inventory, toldFleet(inventory, says).fleet)).toBe(expected);
  });

  it('that is not ready is a problem of nfs status', async () => {
    const status = statusOf(await inventoryOf(), [], [], SENTENCE);
    expect(status).toMatchObject({ well: false, problems: [SENTENCE] });
  });

  it.each([
    ['ready', { items: [deployment(1)] }, undefined, 0],
    ['not ready', { items: [deployment()] }, SENTENCE, 3],
    ['not there, which is a change that is due', { items: [] }, undefined, 0],
    ['nonsense', { items: 'x' }, undefined, 0],
  ])('that a run has seen to be %s is asked about only then', async (_, body, expected, questions) => {
    const inventory = await inventoryOf();
    const { fleet, asked } = toldFleet(inventory, { m1: saying(deployment(), pod(creating, 'w1'), EVENTS) });
    fleet.members.get('m1')!.seen = sight({ objects: { [PROVISIONER_DEPLOYMENTS]: { status: 200, body } } });
    expect(await provisionerStillWaits(inventory, fleet)).toBe(expected);
    expect(asked).toHaveLength(questions);
  });

  it('that the inventory has not is not asked about', async () => {
    const inventory = await inventoryOf('');
    const { fleet, asked } = toldFleet(inventory, { m1: AWAY });
    expect(await provisionerWaits(inventory, fleet)).toBeUndefined();
    expect(asked).toEqual([]);
  });
});
