import { expect, it } from 'vitest';
import { phases } from '../../../src/phases/index.ts';
import { backupTimer } from '../../../src/phases/etcd/backup-timer.ts';
import { osPhase } from '../../../src/phases/host/os.ts';
import { kubeProxyPhase } from '../../../src/phases/node/kube-proxy.ts';
import type { Phase, World } from '../../../src/phases/phase.ts';
import type { FileState } from '../../../src/probe/observe.ts';
import { MANIFEST } from '../../../src/resources/manifest.ts';
import { sha256 } from '../../../src/resources/content.ts';
import type { Resource } from '../../../src/resources/resource.ts';
import { type Sight, textFile, worldOf } from '../phases/world.ts';

const written = (sha256: string): FileState => ({ ...textFile(''), sha256 }) as FileState;

/** A host that has these files of ours, each with the digest that was written and the one that it has now. */
const host = (
  unit: string,
  files: Readonly<Record<string, readonly [string, string]>>,
  runs = true,
): Sight => ({
  units: { [unit]: { load: 'loaded', active: runs ? 'active' : 'inactive', enabled: 'enabled' } },
  files: {
    [MANIFEST]: textFile(
      Object.entries(files)
        .map(([path, [was]]) => `${was}\t${path}\tetcd\n`)
        .join(''),
    ),
    ...Object.fromEntries(Object.entries(files).map(([path, [, is]]) => [path, written(is)])),
  },
});

const TIMER = '/etc/systemd/system/etcd-backup.timer';
const SCRIPT = '/etc/etcd/backup.sh';
const BALANCER = '/etc/systemd/system/k8s-bootstrap-balancer.service';

const timers = (world: World): Resource[] => backupTimer(world);
const KEEPALIVED = '/etc/systemd/system/k8s-bootstrap-keepalived.service';
const SETTINGS = '/etc/kubernetes/keepalived/keepalived.conf';
/** What a probe brings of a secret that is as it was written. */
const salted = (digest: string): string => sha256(`nonce${digest}`);

const without =
  (phase: Phase, unit: string) =>
  (world: World): Resource[] =>
    phase.resources(world, world.inventory.hosts[0]!).filter(({ id }) => id === `without:${unit}`);
const ofNode = without(kubeProxyPhase, 'k8s-bootstrap-balancer.service');
const ofMaster = without(osPhase, 'k8s-bootstrap-keepalived.service');

it.each<[string, (world: World) => Resource[], Sight, string, string[]]>([
  [
    'the timer of snapshots',
    timers,
    host('etcd-backup.timer', { [TIMER]: ['a', 'a'], [SCRIPT]: ['b', 'b'] }),
    `delete stop it, and take away ${TIMER}, ${SCRIPT}`,
    ['stop', 'disable', `prune ${TIMER}`, `prune ${SCRIPT}`],
  ],
  [
    'one that does not run any more',
    timers,
    host('etcd-backup.timer', { [TIMER]: ['a', 'a'] }, false),
    `delete stop it, and take away ${TIMER}`,
    ['stop', 'disable', `prune ${TIMER}`],
  ],
  ['what somebody has changed since', timers, host('etcd-backup.timer', { [TIMER]: ['a', 'x'] }), 'none', []],
  ["somebody else's of that name", timers, host('etcd-backup.timer', {}), 'none', []],
  [
    'the balancer that nodes dial no more',
    ofNode,
    host('k8s-bootstrap-balancer.service', { [BALANCER]: ['a', 'a'] }),
    `delete stop it, and take away ${BALANCER}`,
    ['stop', 'disable', `prune ${BALANCER}`],
  ],
  [
    'the address for users',
    ofMaster,
    host('k8s-bootstrap-keepalived.service', { [KEEPALIVED]: ['a', 'a'], [SETTINGS]: ['b', salted('b')] }),
    `delete stop it, and take away ${KEEPALIVED}, ${SETTINGS}`,
    ['stop', 'disable', `prune ${KEEPALIVED}`, `prune ${SETTINGS}`],
  ],
  [
    'settings of it that somebody has changed',
    ofMaster,
    host('k8s-bootstrap-keepalived.service', { [KEEPALIVED]: ['a', 'a'], [SETTINGS]: ['b', salted('x')] }),
    `delete stop it, and take away ${KEEPALIVED}`,
    ['stop', 'disable', `prune ${KEEPALIVED}`],
  ],
])('up takes away %s, or leaves it', async (_what, make, sight, change, steps) => {
  const world = worldOf({ seen: { m1: sight } });
  const seen = world.seen('m1')!;
  const [resource] = make(world);
  const found = resource!.diff(seen, new Map());
  expect('summary' in found ? `${found.kind} ${found.summary}` : found.kind).toBe(change);
  if (found.kind === 'none') return;
  const done = await resource!.steps(found, seen);
  expect(
    done.map((step) =>
      step.op === 'unit' ? step.verb : step.op === 'prune' ? `prune ${step.path}` : step.op,
    ),
  ).toEqual(steps);
});

it('a node that has a balancer keeps it', () => {
  const world = worldOf({ inventory: { apiServer: { balancer: 'local' } } });
  expect(ofNode(world)).toEqual([]);
});

it('masters that share an address keep it, and others have none, as one that is left a member of etcd', () => {
  const hosts = [
    { name: 'm1', address: '192.0.2.11', roles: ['master', 'etcd'] },
    { name: 'e1', address: '192.0.2.12', roles: ['etcd'] },
    { name: 'w1', address: '192.0.2.13', roles: ['worker'] },
  ];
  const world = worldOf({ inventory: { hosts, apiServer: { keepalived: { vip: '192.0.2.100' } } } });
  expect(ofMaster(world)).toEqual([]);
  const keepers = world.inventory.hosts.filter(
    (host) =>
      !osPhase.resources(world, host).some(({ id }) => id === 'without:k8s-bootstrap-keepalived.service'),
  );
  expect(keepers.map(({ name }) => name)).toEqual(['m1']);
  expect(osPhase.hosts(world)).toEqual(world.inventory.hosts);
});

it('what held the address is gone before the firewall is closed, or whoever hears nobody takes it', () => {
  const order = phases.map(({ id }) => id);
  expect(order.indexOf('os')).toBeLessThan(order.indexOf('firewall'));
});
