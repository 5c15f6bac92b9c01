import { describe, expect, it } from 'vitest';
import { readEtab, isListed } from '../../../../../src/commands/nfs/etab.ts';
import { unescaped } from '../../../../../src/resources/nfs/exports-text.ts';
import { readExisting } from '../../../../../src/commands/nfs/existing.ts';
import { readFrames } from '../../../../../src/commands/nfs/frames.ts';
import { promisedTo } from '../../../../../src/commands/nfs/check/promised.ts';
import { statusOf } from '../../../../../src/commands/nfs/status/status-report.ts';
import { type Survey, readServer, surveyScript } from '../../../../../src/commands/nfs/survey.ts';
import type { Inventory } from '../../../../../src/inventory/types.ts';
import { shells } from '../../../../support/shells.ts';
import { load } from '../../../inventory/load-text.ts';
import { nfsHost } from '../nfs-host.ts';

const cluster = async (): Promise<Inventory> =>
  (
    await load(
      'name: x\nhosts: [{ name: m1, address: 192.0.2.1, roles: [master, etcd] }, { name: w1, address: 192.0.2.2, roles: [worker] }, { name: n1, address: 192.0.2.9, roles: [nfs] }]\nnfs: { exports: [{ path: /nfsdata, clients: [192.0.2.0/24] }, { path: "/a b" }] }\n',
    )
  ).inventory;

const ETAB =
  '/nfsdata\t192.0.2.0/24(rw,sync,wdelay,hide,nocrossmnt,secure,no_root_squash,no_all_squash,no_subtree_check,secure_locks,acl,no_pnfs,anonuid=65534,anongid=65534,sec=sys,rw,secure,no_root_squash,no_all_squash)\n' +
  '/a\\040b\t192.0.2.1(rw,sync,root_squash)\n/srv/other\t*(ro,sync,root_squash)\n';

/** iproute 4.11 and 6.1 say it like this. */
const PEERS =
  'Recv-Q Send-Q         Local Address:Port           Peer Address:Port\n' +
  '0      0              192.0.2.9:2049               192.0.2.2:768\n' +
  '0      0              192.0.2.9:2049               192.0.2.2:944                \n' +
  '0      0           [::ffff:192.0.2.9]:2049         [::ffff:198.51.100.7]:1011\n' +
  '0      0           [2001:db8::9]:2049         [2001:db8::7]:1011\n';

const DF =
  'Filesystem     1024-blocks    Used Available Capacity Mounted on\n/dev/mapper/centos-root    10475520 1530948   8944572      15% /\n';

describe.each(shells)('a survey, in $name', (shell) => {
  it('reads services, table, peers, names and space of a server, and what is mounted', async () => {
    const host = nfsHost(shell);
    host.says('systemctl', 'active\nactive\n');
    host.says('ss', PEERS);
    host.says('df', DF);
    await host.run('cp "$ROOT/bin/ss" "$ROOT/bin/df"');
    host.write('nfs/etab', ETAB);
    host.write('mounts', `192.0.2.9:/nfsdata ${host.root} nfs4 rw,relatime,vers=4.1,hard 0 0\n`);
    const task = { serves: true, paths: ['/nfsdata', '/a b'], mounts: true };
    const script = surveyScript('abc', task, { protocol: 'all' });
    const steps = readFrames('abc', await host.run(script));
    expect(readServer(steps, task.paths, { protocol: 'all' })).toMatchObject({
      services: { 'rpcbind.service': 'active', 'nfs-server.service': 'active' },
      space: {
        '/nfsdata': { totalKiB: 10475520, freeKiB: 8944572 },
        '/a b': { totalKiB: 10475520, freeKiB: 8944572 },
      },
      peers: ['192.0.2.2', '198.51.100.7', '2001:db8::7'],
      clients: [],
      ours: [],
    });
    expect(readExisting(steps.get('existing')?.said ?? '')).toEqual([
      { from: '192.0.2.9:/nfsdata', at: host.root, version: '4.1', state: 'ok', said: '' },
    ]);
    expect(host.left()).toEqual([]);
  });
});

const surveys: readonly Survey[] = [
  {
    host: 'n1',
    mounted: [],
    server: {
      services: { 'rpcbind.service': 'active', 'nfs-server.service': 'active' },
      exports: readEtab(ETAB),
      ours: ['/nfsdata', '/a b'],
      space: { '/nfsdata': { totalKiB: 10_000_000, freeKiB: 8_000_000 } },
      peers: ['192.0.2.2', '198.51.100.7'],
      clients: [],
    },
  },
  {
    host: 'w1',
    server: undefined,
    mounted: [
      { from: '192.0.2.9:/nfsdata/x', at: '/p/1', version: '4.2', state: 'ok', said: '' },
      { from: 'n1:/nfsdata', at: '/p/2', version: '4.2', state: 'ok', said: '' },
      { from: '192.0.2.9:/nfsdata2', at: '/p/3', version: '3', state: 'ok', said: '' },
      { from: '198.51.100.9:/nfsdata', at: '/p/4', version: '3', state: 'failed', said: 'not ours' },
    ],
  },
];

describe('nfs status', () => {
  it('says what is exported to whom, who has it, and how much room there is', async () => {
    const status = statusOf(await cluster(), surveys, []);
    expect(status).toMatchObject({ well: true, problems: [] });
    expect(status.exports.map(({ path, declared, mountedBy }) => ({ path, declared, mountedBy }))).toEqual([
      { path: '/nfsdata', declared: true, mountedBy: { w1: 2 } },
      { path: '/a b', declared: true, mountedBy: {} },
      { path: '/srv/other', declared: false, mountedBy: {} },
    ]);
    expect(status.servers[0]?.strangers).toEqual(['198.51.100.7']);
  });

  it('tells services that are down, exports that are missing, mounts that cannot be used', async () => {
    const [server, node] = surveys;
    const status = statusOf(
      await cluster(),
      [
        {
          ...server!,
          server: { ...server!.server!, services: { 'nfs-server.service': 'failed' }, exports: [] },
        },
        {
          ...node!,
          mounted: [
            { from: '192.0.2.9:/nfsdata', at: '/p/1', version: '3', state: 'hangs', said: '' },
            {
              from: '192.0.2.9:/nfsdata',
              at: '/p/2',
              version: '3',
              state: 'failed',
              said: 'Stale file handle',
            },
          ],
        },
      ],
      ['m1'],
    );
    expect(status.problems).toEqual([
      'm1 could not be asked',
      'n1: nfs-server.service is failed',
      'n1: /nfsdata is not exported',
      'n1: /a b is not exported',
      'w1: 192.0.2.9:/nfsdata at /p/1 hangs',
      'w1: 192.0.2.9:/nfsdata at /p/2 cannot be used (Stale file handle)',
    ]);
    expect(status.well).toBe(false);
  });
});

describe('what programs print', () => {
  it('of exports is read with escapes', () => {
    expect(readEtab('/x\\040y\\303\\251\t10.0.0.0/8(rw,sync)\n')).toEqual([
      { path: '/x yé', client: '10.0.0.0/8', options: ['rw', 'sync'] },
    ]);
    expect(unescaped('/a\\040b\\134c\\011é')).toBe('/a b\\c\té');
  });

  it('of lists is read with blanks in paths', () => {
    const listing = 'Export list for n1:\n/a     *\n/a b c 10.0.0.1,10.0.0.2\n';
    expect(['/a', '/a b c', '/a b', '/b'].map((path) => isListed(listing, path))).toEqual([
      true,
      true,
      true,
      false,
    ]);
  });
});

describe('what the inventory promises', () => {
  const rw = ['rw', 'sync', 'no_root_squash'];
  it.each([
    [[{ match: '192.0.2.2', options: rw }], { access: 'rw', root: true }],
    [[{ match: '192.0.2.3', options: rw }], { access: 'none', root: undefined }],
    [[{ match: '192.0.2.0/24', options: ['ro', 'root_squash'] }], { access: 'ro', root: false }],
    [[{ match: '198.51.100.0/24', options: rw }], { access: 'none', root: undefined }],
    [[{ match: '*', options: ['rw', 'no_root_squash', 'all_squash'] }], { access: 'rw', root: false }],
    [
      [
        { match: '*', options: ['ro'] },
        { match: '192.0.2.0/24', options: rw },
      ],
      { access: 'rw', root: true },
    ],
    [
      [
        { match: '192.0.2.0/24', options: ['ro'] },
        { match: '192.0.2.2', options: rw },
      ],
      { access: 'rw', root: true },
    ],
    [
      [
        { match: '*.example.com', options: rw },
        { match: '*', options: rw },
      ],
      { access: 'unknown', root: undefined },
    ],
    [
      [
        { match: '@trusted', options: rw },
        { match: '192.0.2.2', options: rw },
      ],
      { access: 'rw', root: true },
    ],
    [[{ match: '2001:db8::/64', options: rw }], { access: 'none', root: undefined }],
  ])('%j to 192.0.2.2', (clients, promised) => {
    expect(promisedTo({ clients }, '192.0.2.2')).toEqual(promised);
  });
});
