import { describe, expect, it } from 'vitest';
import { imagesPhase } from '../../../../src/phases/node/images.ts';
import { nfsClientPhase } from '../../../../src/phases/nfs/client.ts';
import { withOptions } from '../../../../src/phases/nfs/server-config.ts';
import { nfsPackagesPhase } from '../../../../src/phases/nfs/nfs-packages.ts';
import { nfsServerPhase, served } from '../../../../src/phases/nfs/server.ts';
import { nfsStoragePhase } from '../../../../src/phases/nfs/storage.ts';
import type { FileState } from '../../../../src/probe/observe.ts';
import type { Change, Resource } from '../../../../src/resources/resource.ts';
import { type Sight, hostOf, hostSaying, sight, worldOf } from '../world.ts';

const NOTHING = new Map<string, Change>();
const hosts = [
  { name: 'm1', address: '192.0.2.11', roles: ['master', 'etcd'] },
  { name: 'w1', address: '192.0.2.12', roles: ['worker'] },
  { name: 'n1', address: '192.0.2.14', roles: ['nfs'] },
];
const nfs = { exports: [{ path: '/nfsdata' }] };
const worldWith = (more: object = {}, seen: Readonly<Record<string, Sight>> = {}) =>
  worldOf({ inventory: { hosts, nfs: { ...nfs, ...more } }, seen });

const installed = { 'nfs-utils': '1.3.0', rpcbind: '0.2.0' };
const text = (content: string): FileState => ({
  type: 'file',
  mode: '0644',
  owner: 'root',
  group: 'root',
  size: content.length,
  sha256: '',
  content: Buffer.from(content),
});
const resourcesOn = (world: ReturnType<typeof worldOf>, name = 'n1'): readonly Resource[] =>
  nfsServerPhase.resources(world, hostOf(world, name));
const changeOf = (world: ReturnType<typeof worldOf>, id: string): Change => {
  const resource = resourcesOn(world).find((one) => one.id === id);
  if (!resource) throw new TypeError(`${id} is not wanted`);
  return resource.diff(world.seen('n1')!, NOTHING);
};
const textOf = (change: Change): string | undefined => ('text' in change ? change.text.after : undefined);

describe('without nfs: in the inventory', () => {
  it('nothing is asked of any host', () => {
    const world = worldOf();
    const phases = [nfsPackagesPhase, nfsServerPhase, nfsClientPhase, nfsStoragePhase, imagesPhase];
    expect(phases.flatMap((phase) => phase.hosts(world))).toEqual([]);
  });
});

describe('packages', () => {
  it.each([
    ['n1', 'install nfs-utils rpcbind'],
    ['w1', 'install nfs-utils'],
    ['m1', 'install nfs-utils'],
  ])('of %s: %s', (name, summary) => {
    const world = worldWith();
    const [packages] = nfsPackagesPhase.resources(world, hostOf(world, name));
    expect(packages?.diff(world.seen(name)!, NOTHING)).toMatchObject({ summary });
  });

  it('of an outside server are its own business', () => {
    const world = worldOf({ inventory: { hosts: hosts.slice(0, 2), nfs: { ...nfs, server: '192.0.2.99' } } });
    expect(nfsPackagesPhase.hosts(world).map(({ name }) => name)).toEqual(['m1', 'w1']);
    expect(nfsServerPhase.hosts(world)).toEqual([]);
  });
});

describe('a server', () => {
  it('starts rpcbind first, then what registers there, and reads the exports last', () => {
    const ids = resourcesOn(worldWith()).map(({ id }) => id);
    expect(ids.slice(-3)).toEqual(['service:rpcbind.service', 'service:nfs-server.service', 'exports']);
    expect(ids[0]).toBe('directory:/nfsdata');
  });

  it('has no use for rpcbind, statd and lockd with version 4 alone', () => {
    const ids = resourcesOn(worldWith({ protocol: 'v4' })).map(({ id }) => id);
    expect(ids.filter((id) => /rpcbind|lockd|nlm|modprobe/.test(id))).toEqual([]);
  });

  it('is configured when it is known how it is packaged', () => {
    expect(changeOf(worldWith(), 'file:/etc/sysconfig/nfs')).toMatchObject({
      kind: 'unknown',
      waitsFor: 'package nfs-utils',
    });
  });

  it('of CentOS 7 keeps what else is in its file of variables', () => {
    const before = '# ours\nRPCNFSDARGS="8"\nRPCMOUNTDOPTS="--manage-gids -p 892"\n';
    const n1 = { packages: installed, files: { '/etc/sysconfig/nfs': text(before) } };
    expect(textOf(changeOf(worldWith({}, { n1 }), 'file:/etc/sysconfig/nfs'))).toBe(
      '# ours\nRPCNFSDARGS="8"\nRPCMOUNTDOPTS="-p 20048 --manage-gids"\nSTATDARG="-p 662"\n',
    );
  });

  it('with nfs.conf has a file of its own beside it', () => {
    const n1 = { packages: installed, files: { '/etc/nfs.conf': text('') } };
    const path = 'file:/etc/nfs.conf.d/k8s-bootstrap.conf';
    const conf = (more: object): string | undefined => textOf(changeOf(worldWith(more, { n1 }), path));
    expect(conf({})).toContain('[mountd]\nport=20048\n[statd]\nport=662\n');
    expect(conf({ protocol: 'v4' })).toContain('[nfsd]\nvers3=n\n');
  });

  it('of Debian 11 has two files of variables', () => {
    const n1 = {
      facts: hostSaying('debian', { version: '11' }),
      packages: { 'nfs-kernel-server': '1.3.4', rpcbind: '1.2' },
    };
    const world = worldWith({}, { n1 });
    expect(textOf(changeOf(world, 'file:/etc/default/nfs-kernel-server'))).toBe('RPCMOUNTDOPTS="-p 20048"\n');
    expect(textOf(changeOf(world, 'file:/etc/default/nfs-common'))).toBe('STATDOPTS="-p 662"\n');
  });

  it('needs a switch of SELinux that enforces', () => {
    const ids = (world: ReturnType<typeof worldOf>) => resourcesOn(world).map(({ id }) => id);
    expect(ids(worldWith())).toContain('selinux:nfs_export_all_rw');
    expect(ids(worldWith({ options: 'ro' }))).toContain('selinux:nfs_export_all_ro');
    const permissive = { n1: { facts: hostSaying('centos', { selinux: '0' }) } };
    expect(ids(worldWith({}, permissive)).filter((id) => id.startsWith('selinux:'))).toEqual([]);
  });
});

describe('variables', () => {
  it.each([
    ['', 'A', [['-p', '1']], 'A="-p 1"\n'],
    ['A="-p 1"\n', 'A', [['-p', '1']], 'A="-p 1"\n'],
    ['A=\n', 'A', [['-p', '1']], 'A="-p 1"\n'],
    ["A='--port 9 -d'\nB=2", 'A', [['-p', '1']], 'B=2\nA="-p 1 -d"\n'],
    ['A="1"\nA="2"\n', 'A', [['-p', '1']], 'A="-p 1 2"\n'],
    ['#A="-p 5"\n', 'A', [['-p', '1']], '#A="-p 5"\nA="-p 1"\n'],
    ['B=2\n', 'A', [], 'B=2\n'],
    [
      'A="-p 20048 8"\n',
      'A',
      [
        ['-N', '2'],
        ['-N', '3'],
      ],
      'A="-N 2 -N 3 8"\n',
    ],
    ['A="-N 2 -N 3 8"\n', 'A', [], 'A="8"\n'],
  ] as const)('%j with %s %j is %j, and stays so', (before, name, options, after) => {
    expect(withOptions(before, name, options)).toBe(after);
    expect(withOptions(after, name, options)).toBe(after);
  });
});

describe('what a server serves', () => {
  const REGISTERED = [
    'registered',
    '   program vers proto   port  service',
    '    100000    4   tcp    111  portmapper',
    '    100005    3   udp  20048  mountd',
    '    100005    3   tcp  20048  mountd',
    '    100024    1   udp    662  status',
    '    100003    3   tcp   2049  nfs',
    '    100021    4   tcp   4045  nlockmgr',
  ];
  const of = (lines: readonly string[], more: object = {}): string[] => {
    const seen = sight({ answers: { 'nfs-served': { code: 0, output: lines.join('\n') } } });
    return served(worldWith(more).inventory.nfs!, seen);
  };
  const without = (word: string): string[] => REGISTERED.filter((line) => !line.includes(word));

  it.each<[string, readonly string[], object, readonly string[]]>([
    ['all of it', ['-2 +3 +4 +4.1', ...REGISTERED], {}, []],
    [
      'nothing that rpcbind knows',
      ['+3 +4', 'registered', '100000 4 tcp 111 portmapper'],
      {},
      ['rpcbind does not know nfs and mountd: was it restarted?'],
    ],
    ['no mountd', ['+3', ...without('mountd')], {}, ['rpcbind does not know mountd: was it restarted?']],
    [
      'mountd elsewhere',
      ['+3', ...REGISTERED.map((line) => line.replace('20048', '892'))],
      {},
      ['mountd has port 892, not 20048'],
    ],
    [
      'statd elsewhere',
      ['+3', ...REGISTERED.map((line) => line.replace('662', '40000'))],
      {},
      ['statd has port 40000, not 662'],
    ],
    ['no version 3', ['-3 +4', ...REGISTERED], {}, ['it does not serve version 3']],
    ['version 3 with v4 alone', ['-2 +3 +4', ...REGISTERED], { protocol: 'v4' }, ['it serves version 3 too']],
    ['version 4 alone', ['-2 -3 +4 +4.1 +4.2'], { protocol: 'v4' }, []],
    ['while rpcbind is down', ['+3 +4'], {}, []],
  ])('%s', (_what, lines, more, expected) => {
    expect(of(lines, more)).toEqual(expected);
  });
});

describe('a client', () => {
  const ids = (more: object, facts?: string): string[] => {
    const world = worldWith(more, facts === undefined ? {} : { w1: { facts } });
    return nfsClientPhase.resources(world, hostOf(world, 'w1')).map(({ id }) => id);
  };
  it('lets containers use what is mounted', () => {
    expect(ids({})).toEqual(['selinux:virt_use_nfs']);
    expect(ids({}, hostSaying('centos', { selinux: '0' }))).toEqual([]);
  });
  it('needs rpcbind for locks of version 3 alone', () => {
    expect(ids({ provisioner: { storageClass: { mountOptions: ['nfsvers=3'] } } })).toContain(
      'service:rpcbind.service',
    );
    expect(ids({ provisioner: { storageClass: { mountOptions: ['nfsvers=4.1'] } } })).not.toContain(
      'service:rpcbind.service',
    );
  });
});
