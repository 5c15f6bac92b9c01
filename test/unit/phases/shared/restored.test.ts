import { expect, it } from 'vitest';
import { basePhase } from '../../../../src/phases/host/base.ts';
import { schedulerPhase } from '../../../../src/phases/control-plane/controllers.ts';
import { etcdPhase } from '../../../../src/phases/etcd/etcd.ts';
import { flannelPhase } from '../../../../src/phases/network/flannel.ts';
import { kubeProxyPhase } from '../../../../src/phases/node/kube-proxy.ts';
import { provisionerObjects } from '../../../../src/phases/nfs/provisioner-objects.ts';
import { nextRestored, restoredAt } from '../../../../src/phases/shared/restored.ts';
import type { Phase, World } from '../../../../src/phases/phase.ts';
import { textFile, worldOf } from '../world.ts';

const MARK = '/var/lib/k8s-bootstrap/restored';
const ID = `file:${MARK}`;

/** A cluster whose hosts have these marks. */
const marked = (marks: Readonly<Record<string, string>>): World =>
  worldOf({
    inventory: { network: { cni: 'flannel' } },
    seen: Object.fromEntries(
      Object.entries(marks).map(([name, text]) => [name, { files: { [MARK]: textFile(text) } }]),
    ),
  });

/** What the mark on a host changes to. */
function wanted(world: World, name: string): string | undefined {
  const host = world.inventory.hosts.find((one) => one.name === name)!;
  const mark = basePhase.resources(world, host).find(({ id }) => id === ID);
  const change = mark?.diff(world.seen(name)!, new Map());
  return change?.kind === 'create' || change?.kind === 'update' ? change.text?.after : change?.kind;
}

it('a restore that one member knows of reaches every host by up', () => {
  const world = marked({ m1: '20260102T030405Z\n' });
  expect(['w1', 'w2'].map((name) => wanted(world, name))).toEqual(Array(2).fill('20260102T030405Z\n'));
});

it('of several the last counts; a worker is not believed, nor what has another form', () => {
  expect(restoredAt(marked({ m1: '20260102T030405Z\n', w1: '20300102T030405Z\n' }))).toBe('20260102T030405Z');
  expect(restoredAt(marked({ m1: '$(reboot)\n' }))).toBeUndefined();
  expect(restoredAt(marked({}))).toBeUndefined();
});

it('where there was none, no host gets a mark', () => {
  expect(['m1', 'w1'].map((name) => wanted(marked({}), name))).toEqual([undefined, undefined]);
});

it.each<[string, Phase, string]>([
  ['scheduler', schedulerPhase, 'kube-scheduler.service'],
  ['kube-proxy', kubeProxyPhase, 'kube-proxy.service'],
  ['flannel', flannelPhase, 'flanneld.service'],
])('what watches the API is started anew by it, and runs on without: %s', (_name, phase, unit) => {
  const world = marked({});
  const service = phase
    .resources(world, world.inventory.hosts[0]!)
    .find(({ id }) => id === `service:${unit}`)!;
  expect(service.watches).toMatchObject([
    { kind: 'unit', inputs: expect.arrayContaining([MARK]) as string[] },
  ]);
  const state = { active: 'active', enabled: 'enabled', runningRevision: 'a', diskRevision: 'a' };
  const seen = worldOf({ seen: { m1: { units: { [unit]: state } } } }).seen('m1')!;
  expect(service.diff(seen, new Map()).kind).toBe('none');
  expect(service.diff(seen, new Map([[ID, { kind: 'create', summary: '' }]]))).toMatchObject({
    kind: 'restart',
    because: [`${MARK} changes`],
  });
});

it('etcd itself is not', () => {
  const world = marked({});
  const service = etcdPhase
    .resources(world, world.inventory.hosts[0]!)
    .find(({ id }) => id === 'service:etcd.service')!;
  expect(JSON.stringify(service.watches)).not.toContain(MARK);
});

it('the provisioner gets other pods after a restore', () => {
  const world = worldOf({
    inventory: {
      hosts: [
        { name: 'm1', address: '192.0.2.11', roles: ['master', 'etcd'] },
        { name: 'w1', address: '192.0.2.12', roles: ['worker'] },
        { name: 'n1', address: '192.0.2.14', roles: ['nfs'] },
      ],
      nfs: { exports: [{ path: '/nfsdata' }], provisioner: {} },
    },
  });
  const texts = [undefined, '20260102T030405Z'].map((at) =>
    JSON.stringify(provisionerObjects(world.inventory.nfs!.provisioner!, at)),
  );
  expect(texts.map((text) => text.includes('"k8s-bootstrap/restored":"20260102T030405Z"'))).toEqual([
    false,
    true,
  ]);
});

it('a mark from a clock that was ahead is followed by a later one, and one of no day by now', () => {
  const now = '20260102T030405Z';
  const next = (text: string): string => nextRestored(marked({ m1: text }), now);
  expect(next('20251231T235959Z\n')).toBe(now);
  expect(next(`${now}\n`)).toBe('20260102T030406Z');
  expect(next('20301231T235959Z\n')).toBe('20310101T000000Z');
  expect(next('99999999T999999Z\n')).toBe(now);
  expect(restoredAt(marked({ m1: '99999999T999999Z\n' }))).toBeUndefined();
});
