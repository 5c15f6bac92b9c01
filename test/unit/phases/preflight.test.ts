import { describe, expect, it } from 'vitest';
import { type Finding, checks, neverIgnored, preflight } from '../../../src/phases/preflight.ts';
import { type WorldSpec, hostSaying, worldOf } from './world.ts';

type Said = Readonly<Record<string, string | readonly string[]>>;

interface Case {
  readonly check: string;
  readonly when: string;
  readonly says?: Said;
  /** What w2 says; by default it is fresh. */
  readonly other?: Said;
  readonly world?: WorldSpec;
  readonly host?: string;
  readonly family?: 'centos' | 'debian';
  readonly finds: `${Finding['level']} ${string}` | undefined;
}

const OURS = { 'cluster.name': 'demo', 'cluster.ca': 'aa' };
const listening = (where: string, process: string): readonly string[] => [
  '',
  `LISTEN 0 128 ${where} *:* users:(("${process}",pid=1,fd=2))`,
];
const addresses = (...own: string[]): readonly string[] => [
  '',
  ...own.map((one, index) => `${index}: eth${index}    inet ${one} brd 1.1.1.1 scope global`),
];
const fs = (available: number): readonly string[] => [
  '',
  'Filesystem 1024-blocks Used Available Capacity Mounted on',
  `/dev/sda1 9 9 ${available} 5% /`,
];
const written = (inventory: Record<string, unknown>): WorldSpec => ({ inventory });

const cases: readonly Case[] = [
  { check: 'foreign-host', when: 'a fresh host', finds: undefined },
  {
    check: 'foreign-host',
    when: 'files of kubeadm',
    says: { mark: '/etc/kubernetes/manifests/kube-apiserver.yaml' },
    finds: 'error was not made by this program',
  },
  {
    check: 'foreign-host',
    when: 'files like those, of ours',
    says: { ...OURS, mark: '/etc/systemd/system/kubelet.service' },
    world: { caKeyId: 'aa' },
    finds: undefined,
  },
  {
    check: 'foreign-host',
    when: 'a cluster of another name',
    says: { ...OURS, 'cluster.name': 'prod' },
    world: { caKeyId: 'aa' },
    finds: 'error belongs to the cluster "prod", not to "demo"',
  },
  {
    check: 'foreign-host',
    when: 'a cluster with another CA',
    says: { ...OURS, 'cluster.ca': 'bb' },
    world: { caKeyId: 'aa' },
    finds: 'error whose CA has the key bb',
  },
  {
    check: 'state-missing',
    when: 'a cluster whose keys are not here',
    says: OURS,
    finds: 'error keys are not in the state folder',
  },
  {
    check: 'state-missing',
    when: 'the keys are here',
    says: OURS,
    world: { caKeyId: 'aa' },
    finds: undefined,
  },
  {
    check: 'machine-id',
    when: 'clones',
    says: { machineId: 'abc' },
    other: { machineId: 'abc' },
    finds: 'warn same machine id as w2',
  },
  {
    check: 'machine-id',
    when: 'none yet',
    says: { machineId: '' },
    other: { machineId: '' },
    finds: undefined,
  },
  { check: 'hostname', when: 'two of one name', finds: 'warn is called localhost.localdomain as m1, w2 is' },
  {
    check: 'hostname',
    when: 'its own',
    says: { uname: 'w1 5.4 x86_64' },
    world: written({ profile: 'cis' }),
    finds: undefined,
  },
  {
    check: 'hostname',
    when: 'another with profile cis',
    says: { uname: 'x 5.4 x86_64' },
    world: written({ profile: 'cis' }),
    finds: 'error profile cis',
  },
  {
    check: 'hostname',
    when: 'it is to be changed',
    says: { uname: 'x 5.4 x86_64' },
    world: written({ defaults: { setHostname: true } }),
    finds: 'fixed-by-up becomes w1',
  },
  { check: 'os', when: 'CentOS 7', finds: undefined },
  { check: 'os', when: 'Debian 12', family: 'debian', finds: undefined },
  { check: 'os', when: 'Rocky 8.9', says: { id: 'rocky', version: '8.9' }, finds: undefined },
  {
    check: 'os',
    when: 'CentOS 6',
    says: { version: '6', pretty: 'CentOS 6.10' },
    finds: 'error runs CentOS 6.10, which is not supported',
  },
  { check: 'os', when: 'Debian 10', family: 'debian', says: { version: '10' }, finds: 'error not supported' },
  {
    check: 'os',
    when: 'something else',
    says: { id: 'alpine', like: '', pretty: 'Alpine' },
    finds: 'error runs Alpine',
  },
  { check: 'arch', when: 'ARM', says: { uname: 'h 5.4 aarch64' }, finds: undefined },
  { check: 'arch', when: 'something else', says: { uname: 'h 5.4 riscv64' }, finds: 'error riscv64' },
  { check: 'cpus', when: 'one, on a master', host: 'm1', says: { cpus: '1' }, finds: 'warn has 1 processor' },
  { check: 'cpus', when: 'one, on a worker', says: { cpus: '1' }, finds: undefined },
  {
    check: 'memory',
    when: 'little, on a master',
    host: 'm1',
    says: { memory: `${1699 * 1024} kB` },
    finds: 'warn 1699 MiB',
  },
  {
    check: 'memory',
    when: 'just enough, on a master',
    host: 'm1',
    says: { memory: `${1700 * 1024} kB` },
    finds: undefined,
  },
  {
    check: 'memory',
    when: 'too little, on a master',
    host: 'm1',
    says: { memory: `${899 * 1024} kB` },
    finds: 'error 899 MiB',
  },
  {
    check: 'memory',
    when: 'little, on a worker',
    says: { memory: `${899 * 1024} kB` },
    finds: 'warn 899 MiB',
  },
  { check: 'disk', when: 'full', says: { disk: fs(1023 * 1024) }, finds: 'error 1023 MiB' },
  { check: 'disk', when: 'tight', says: { disk: fs(5119 * 1024) }, finds: 'warn 5119 MiB' },
  { check: 'disk', when: 'roomy', says: { disk: fs(5120 * 1024) }, finds: undefined },
  { check: 'clock', when: 'not timed', says: { clock: '1.5' }, finds: undefined },
  { check: 'swap', when: 'on', says: { swap: '/dev/dm-1' }, finds: 'fixed-by-up swaps to /dev/dm-1' },
  {
    check: 'swap',
    when: 'on and left alone',
    says: { swap: '/dev/dm-1' },
    world: written({ os: { swap: 'ignore' } }),
    finds: 'warn swaps',
  },
  { check: 'swap', when: 'off', finds: undefined },
  {
    check: 'cgroups',
    when: 'v2 only',
    family: 'debian',
    says: { cgroup: 'unified' },
    finds: 'error cgroup v2 only',
  },
  { check: 'cgroups', when: 'both', says: { cgroup: ['', 'hybrid', 'memory'] }, finds: undefined },
  { check: 'kernel', when: '3.10', finds: 'warn 3.10.0-1160' },
  {
    check: 'kernel',
    when: '3.10 without the leak',
    says: { cmdline: 'ro cgroup.memory=nokmem' },
    finds: undefined,
  },
  { check: 'kernel', when: 'a later one', says: { uname: 'h 4.18.0 x86_64' }, finds: undefined },
  { check: 'selinux', when: 'enforcing', finds: 'warn SELinux enforces' },
  {
    check: 'selinux',
    when: 'enforcing, to be permissive',
    world: written({ os: { selinux: 'permissive' } }),
    finds: 'fixed-by-up SELinux',
  },
  { check: 'selinux', when: 'permissive', says: { selinux: '0' }, finds: undefined },
  {
    check: 'repositories',
    when: 'gone',
    says: { deadRepos: ['', '/etc/yum.repos.d/CentOS-Base.repo'] },
    finds: 'warn CentOS-Base.repo',
  },
  {
    check: 'runtime',
    when: 'docker of today',
    world: { seen: { w1: { packages: { 'docker-ce': '5:29.0.1-1.el7' } } } },
    finds: 'error docker-ce 5:29.0.1-1.el7',
  },
  {
    check: 'runtime',
    when: 'docker of then',
    world: { seen: { w1: { packages: { docker: '1.13.1-210.git7d71120.el7' } } } },
    finds: undefined,
  },
  {
    check: 'runtime',
    when: 'containerd 2',
    world: {
      inventory: { runtime: { default: 'containerd' } },
      seen: { w1: { packages: { 'containerd.io': '2.0.1-1.el7' } } },
    },
    finds: 'error containerd.io',
  },
  {
    check: 'runtime',
    when: 'containerd 1.6',
    world: {
      inventory: { runtime: { default: 'containerd' } },
      seen: { w1: { packages: { 'containerd.io': '1.6.33-3.1.el7' } } },
    },
    finds: undefined,
  },
  {
    check: 'mirrors',
    when: 'docker and a mirror of another registry',
    world: written({ runtime: { mirrors: { 'k8s.gcr.io': ['http://mirror.test'] } } }),
    finds: 'warn no mirrors for k8s.gcr.io',
  },
  {
    check: 'mirrors',
    when: 'containerd',
    world: written({ runtime: { default: 'containerd', mirrors: { 'k8s.gcr.io': ['http://mirror.test'] } } }),
    finds: undefined,
  },
  { check: 'address', when: 'its own', says: { addresses: addresses('192.0.2.12/24') }, finds: undefined },
  {
    check: 'address',
    when: 'behind NAT',
    says: { addresses: addresses('172.31.0.9/20') },
    finds: 'warn 192.0.2.12 is on none of its interfaces (172.31.0.9)',
  },
  {
    check: 'default-route',
    when: 'none',
    says: { routes: ['', '192.0.2.0/24 dev eth0'] },
    finds: 'warn no default route',
  },
  {
    check: 'ports',
    when: 'kubelet, not ours',
    says: { listening: listening('*:10250', 'kubelet') },
    finds: 'error port 10250 is in use by kubelet',
  },
  {
    check: 'ports',
    when: 'kubelet, ours',
    says: { ...OURS, listening: listening('[::]:10250', 'kubelet') },
    world: { caKeyId: 'aa' },
    finds: undefined,
  },
  {
    check: 'ports',
    when: 'a stranger on our host',
    says: { ...OURS, listening: listening('127.0.0.1:10249', 'nginx') },
    world: { caKeyId: 'aa' },
    finds: 'error by nginx',
  },
  {
    check: 'ports',
    when: 'another address',
    says: { listening: listening('192.0.2.200:10250', 'haproxy') },
    finds: undefined,
  },
  {
    check: 'ports',
    when: 'a port of another role',
    says: { listening: listening('*:6443', 'haproxy') },
    finds: undefined,
  },
  {
    check: 'ports',
    when: 'the API server’s',
    host: 'm1',
    says: { listening: listening('192.0.2.11:6443', 'haproxy') },
    finds: 'error port 6443 is in use by haproxy',
  },
  {
    check: 'ports',
    when: 'etcd’s, by the kernel',
    host: 'm1',
    says: { listening: ['', 'LISTEN 0 128 *:2379 *:*'] },
    finds: 'error port 2379 is in use by something',
  },
  { check: 'ranges', when: 'apart', finds: undefined },
  {
    check: 'ranges',
    when: 'a route into the pod range',
    says: { routes: ['', '10.244.128.0/20 via 192.0.2.1 dev eth0'] },
    finds: 'error 10.244.128.0/20 lies in network.podCIDR',
  },
  {
    check: 'ranges',
    when: 'a route over the service range',
    says: { routes: ['', '10.0.0.0/8 via 192.0.2.1 dev eth0'] },
    world: written({ network: { podCIDR: '172.20.0.0/16' } }),
    finds: 'error the route to 10.0.0.0/8 lies in network.serviceCIDR',
  },
  {
    check: 'ranges',
    when: 'our own routes and bridge',
    says: {
      routes: [
        '',
        '10.244.1.0/24 via 192.0.2.13 dev eth0 proto 86',
        '10.244.0.0/24 dev cni0 proto kernel',
        '10.96.0.1 dev kube-ipvs0',
      ],
    },
    finds: undefined,
  },
  {
    check: 'ranges',
    when: 'an address in the service range',
    says: { addresses: addresses('10.96.0.7/32') },
    finds: 'error the address 10.96.0.7',
  },
  {
    check: 'neighbours',
    when: 'one network',
    says: { addresses: addresses('192.0.2.12/28') },
    finds: undefined,
  },
  {
    check: 'neighbours',
    when: 'a router between',
    says: { addresses: addresses('192.0.2.12/32') },
    finds: 'error m1 (192.0.2.11), w2 (192.0.2.13)',
  },
  {
    check: 'neighbours',
    when: 'a pod network of another kind',
    says: { addresses: addresses('192.0.2.12/32') },
    world: written({ network: { cni: 'none' } }),
    finds: undefined,
  },
];

describe.each(checks.map(({ id }) => id))('%s', (id) => {
  const own = cases.filter(({ check }) => check === id);
  it('has cases', () => {
    expect(own.length + (id === 'clock' || id === 'firewalld' ? 1 : 0)).toBeGreaterThan(0);
  });
  it.each(own)('$when → $finds', ({ says, other, world = {}, host = 'w1', family = 'centos', finds }) => {
    const seen = {
      ...(other && { w2: { facts: hostSaying('centos', other) } }),
      [host]: { ...world.seen?.[host], facts: hostSaying(family, says ?? {}) },
    };
    const found = preflight(worldOf({ ...world, seen })).filter((one) => one.host === host && one.id === id);
    if (finds === undefined) {
      expect(found).toEqual([]);
      return;
    }
    const [level = '', ...words] = finds.split(' ');
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ level, message: expect.stringContaining(words.join(' ')) as string });
    if (level !== 'fixed-by-up') expect(found[0]?.hint).toMatch(/^[A-Z].*[a-z.:]/);
  });
});

describe('clock', () => {
  const skewed = (clock: number): string | undefined =>
    preflight(
      worldOf({ seen: { w1: { facts: hostSaying('centos', { clock: String(clock) }) } } }),
      new Map([['w1', { asked: 1000, answered: 1003 }]]),
    )
      .filter(({ id }) => id === 'clock')
      .map(({ level, message }) => `${level}: ${message}`)[0];

  it('is right when it lies between question and answer, give or take 2 s', () => {
    expect([998, 1000, 1003, 1005].map(skewed)).toEqual([undefined, undefined, undefined, undefined]);
  });
  it('warns above 2 s and refuses above 60 s', () => {
    expect(skewed(997)).toBe("warn: its clock is 3 s behind this machine's");
    expect(skewed(1063)).toBe("warn: its clock is 60 s ahead of this machine's");
    expect(skewed(1064)).toBe("error: its clock is 61 s ahead of this machine's");
  });
});

it.each([
  ['open-ports', undefined],
  ['disable', 'fixed-by-up'],
  ['ignore', 'warn'],
])('firewalld with os.firewall: %s → %s', (wanted, level) => {
  const world = worldOf({
    inventory: { os: { firewall: wanted } },
    seen: { w1: { units: { 'firewalld.service': { active: 'active' } } } },
  });
  expect(preflight(world).find(({ host, id }) => host === 'w1' && id === 'firewalld')?.level).toBe(level);
});

it('says nothing of hosts that were not seen', () => {
  expect(preflight(worldOf({ seen: { m1: undefined, w1: undefined, w2: undefined } }))).toEqual([]);
});

it('finds nothing wrong with a host of ours that works', () => {
  const facts = hostSaying('centos', {
    ...OURS,
    uname: 'w1 4.18.0 x86_64',
    selinux: '0',
    addresses: addresses('192.0.2.12/24'),
    mark: '/etc/systemd/system/kubelet.service',
    listening: listening('*:10250', 'kubelet'),
  });
  const world = worldOf({
    caKeyId: 'aa',
    seen: { m1: undefined, w2: undefined, w1: { facts, packages: { docker: '1.13.1' } } },
  });
  expect(preflight(world)).toEqual([]);
});

it('names checks once, and never lets another cluster be ignored', () => {
  expect(new Set(checks.map(({ id }) => id)).size).toBe(checks.length);
  expect(checks.map(({ id }) => id)).toEqual(expect.arrayContaining([...neverIgnored]));
});
