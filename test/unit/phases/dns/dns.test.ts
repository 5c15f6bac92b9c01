import { describe, expect, it } from 'vitest';
import { dnsPhase } from '../../../../src/phases/dns/dns.ts';
import { DEPLOYMENT, PODS } from '../../../../src/phases/dns/waiting.ts';
import type { ApiAnswer } from '../../../../src/probe/observe.ts';
import type { KubeObject } from '../../../../src/kernel/kube-object.ts';
import type { Change } from '../../../../src/resources/resource.ts';
import { type WorldSpec, hostOf, sight, worldOf } from '../world.ts';

const NOTHING = new Map<string, Change>();
const EMPTY: ApiAnswer = { status: 200, body: { items: [] } };

async function applied(spec: WorldSpec): Promise<KubeObject[]> {
  const world = worldOf(spec);
  const [set] = dnsPhase.resources(world, hostOf(world, 'm1'));
  const seen = { ...sight({}), object: () => EMPTY };
  const [step] = (await set?.steps(set.diff(seen, NOTHING), seen)) ?? [];
  const content = step?.op === 'run' && step.stdin ? [...(step.stdin.open() as Iterable<Uint8Array>)] : [];
  return content.length === 0
    ? []
    : (JSON.parse(Buffer.concat(content).toString()) as { items: KubeObject[] }).items;
}

const deployment = async (inventory: WorldSpec['inventory']): Promise<unknown> =>
  (await applied({ inventory: inventory ?? {} })).find(({ kind }) => kind === 'Deployment')?.['spec'];

describe('names in the cluster', () => {
  it('are there by default, and each object says what it belongs to', async () => {
    const objects = await applied({});
    expect(objects).toHaveLength(7);
    for (const { metadata } of objects)
      expect(metadata.labels).toMatchObject({ 'k8s-bootstrap/part': 'coredns' });
  });

  it.each([
    ['profile course', { profile: 'course' }],
    ['provider none', { dns: { provider: 'none' } }],
  ])('are nobody’s business with %s', (_, inventory) => {
    expect(dnsPhase.hosts(worldOf({ inventory }))).toEqual([]);
  });

  it('are answered by two, or by one where there is one node', async () => {
    expect(await deployment({})).toMatchObject({ replicas: 2 });
    const hosts = [{ name: 'm1', address: '192.0.2.11', roles: ['master', 'etcd', 'worker'] }];
    expect(await deployment({ hosts })).toMatchObject({ replicas: 1 });
    expect(await deployment({ hosts, dns: { replicas: 3 } })).toMatchObject({ replicas: 3 });
  });

  it('come from an image that is pulled as the admission of the profile says', async () => {
    const container = (imagePullPolicy: string): object => ({
      template: { spec: { containers: [{ image: 'k8s.gcr.io/coredns:1.6.2', imagePullPolicy }] } },
    });
    expect(await deployment({})).toMatchObject(container('IfNotPresent'));
    expect(await deployment({ profile: 'cis' })).toMatchObject(container('Always'));
  });

  it('are taken away by --prune alone', () => {
    const left = { metadata: { name: 'coredns', namespace: 'kube-system' } };
    const list = { apiVersion: 'apps/v1', kind: 'DeploymentList', items: [left] };
    const seen = {
      ...sight({}),
      object: (path: string) => (path.includes('deployments') ? { status: 200, body: list } : EMPTY),
    };
    const inventory = { dns: { provider: 'none' } };
    const world = worldOf({ inventory, prune: true });
    expect(dnsPhase.hosts(world).map(({ name }) => name)).toEqual(['m1']);
    const [set] = dnsPhase.resources(world, hostOf(world, 'm1'));
    expect(set?.diff(seen, NOTHING)).toEqual({ kind: 'delete', summary: 'Deployment kube-system/coredns' });
    expect(dnsPhase.gates?.(world, hostOf(world, 'm1'))).toEqual([]);
  });
});

describe('the gate', () => {
  const why = (available: number | undefined, ...items: object[]): string | undefined => {
    const world = worldOf();
    const [gate] = dnsPhase.gates?.(world, hostOf(world, 'm1')) ?? [];
    return gate?.judge(
      sight({
        objects: {
          [DEPLOYMENT]: { status: 200, body: { status: { availableReplicas: available } } },
          [PODS]: { status: 200, body: { items } },
        },
      }),
    );
  };
  const pod = (status: object): object => ({
    metadata: { name: 'coredns-x' },
    spec: { nodeName: 'w1' },
    status,
  });

  it('holds with one pod that is available, whatever the others do', () => {
    expect(why(1, pod({}))).toBeUndefined();
  });

  it.each<[string, object[], string]>([
    ['no pod', [], 'it has no pod yet'],
    [
      'an image that cannot be had',
      [
        pod({
          containerStatuses: [
            {
              ready: false,
              state: { waiting: { reason: 'ImagePullBackOff', message: 'Back-off\n pulling' } },
            },
          ],
        }),
      ],
      'pod kube-system/coredns-x on w1 waits (ImagePullBackOff: Back-off pulling)',
    ],
    [
      'a question that goes round',
      [
        pod({
          containerStatuses: [
            {
              ready: false,
              state: { waiting: { reason: 'CrashLoopBackOff' } },
              lastState: {
                terminated: { reason: 'Error', exitCode: 1, message: 'Loop (127.0.0.1) detected' },
              },
            },
          ],
        }),
      ],
      'pod kube-system/coredns-x on w1 waits (CrashLoopBackOff; it ended with 1: Error: Loop (127.0.0.1) detected)',
    ],
    [
      'no room',
      [
        {
          metadata: { name: 'coredns-x' },
          status: {
            conditions: [
              {
                type: 'PodScheduled',
                status: 'False',
                reason: 'Unschedulable',
                message: '0/3 nodes are available',
              },
            ],
          },
        },
      ],
      'pod kube-system/coredns-x waits (Unschedulable: 0/3 nodes are available)',
    ],
    [
      'the others than the first',
      [pod({ containerStatuses: [{ ready: true }] }), pod({ containerStatuses: [{ ready: false }] })],
      'pod kube-system/coredns-x on w1 waits (it is not ready)',
    ],
  ])('names %s', (_, items, text) => {
    expect(why(undefined, ...items)).toBe(text);
  });

  it('tells an API server that does not answer from a Deployment that is not there', () => {
    const world = worldOf();
    const [gate] = dnsPhase.gates?.(world, hostOf(world, 'm1')) ?? [];
    const judged = (status: number): string | undefined =>
      gate?.judge(sight({ objects: { [DEPLOYMENT]: { status, body: undefined } } }));
    expect(judged(0)).toBe('the API server does not answer');
    expect(judged(404)).toBe('there is no Deployment kube-system/coredns');
  });
});
