import { describe, expect, it } from 'vitest';
import type { Inventory } from '../../../../src/inventory/types.ts';
import { completed } from '../../../../src/inventory/schema/nfs-options.ts';
import { exportOptions } from '../../../../src/templates/export-options.ts';
import { load } from '../load-text.ts';

const HOSTS = `name: a
hosts:
  - { name: m1, address: 192.168.139.10, roles: [master, etcd] }
  - { name: w1, address: 192.168.139.11, roles: [worker] }
  - { name: n1, address: 192.168.139.12, roles: [nfs] }
`;
const nfsOf = async (text: string): Promise<NonNullable<Inventory['nfs']>> => {
  const { inventory } = await load(`${HOSTS}${text}`);
  if (!inventory.nfs) throw new TypeError('no nfs');
  return inventory.nfs;
};
const warningsOf = async (text: string): Promise<string[]> => {
  const { warnings } = await load(`${HOSTS}${text}`);
  return warnings.map(({ path, message }) => `${path}: ${message}`);
};

describe('the shortest nfs:', () => {
  it('is one path, for the nodes', async () => {
    const DEFAULTS = ['rw', 'sync', 'no_root_squash', 'no_subtree_check'];
    expect(await nfsOf('nfs: { exports: [{ path: /nfsdata }] }')).toEqual({
      hosts: ['n1'],
      outside: undefined,
      protocol: 'all',
      ports: { mountd: 20_048, statd: 662, lockd: 4045 },
      exports: [
        {
          host: 'n1',
          path: '/nfsdata',
          clients: [
            { match: '192.168.139.10', options: DEFAULTS },
            { match: '192.168.139.11', options: DEFAULTS },
          ],
          mode: undefined,
          owner: undefined,
          group: undefined,
          allowWorld: false,
          allowExisting: false,
        },
      ],
      provisioner: undefined,
    });
  });

  it('with {} has a provisioner', async () => {
    const { provisioner } = await nfsOf('nfs: { exports: [{ path: /nfsdata }], provisioner: {} }');
    expect(provisioner).toEqual({
      kind: 'nfs-client',
      image: 'quay.io/external_storage/nfs-client-provisioner:v3.1.0-k8s1.11',
      namespace: 'kube-system',
      name: 'nfs-client-provisioner',
      server: '192.168.139.12',
      export: '/nfsdata',
      provisionerName: 'k8s-bootstrap/nfs',
      storageClass: {
        name: 'nfs-client',
        default: false,
        reclaimPolicy: 'Delete',
        archiveOnDelete: true,
        mountOptions: [],
      },
    });
  });
});

describe('an export', () => {
  it.each([
    ['path: /a/', '/a'],
    ["path: '/with blank/ä#\"'", '/with blank/ä#"'],
  ])('with %s is at %j', async (text, path) => {
    expect((await nfsOf(`nfs: { exports: [{ ${text} }] }`)).exports[0]?.path).toBe(path);
  });

  it.each([
    ['0755', '0755'],
    ['"755"', '0755'],
    ['1777', '1777'],
  ])('with mode: %s has %s', async (mode, expected) => {
    expect((await nfsOf(`nfs: { exports: [{ path: /a, mode: ${mode} }] }`)).exports[0]?.mode).toBe(expected);
  });

  it('has the options of the client, else its own, else those of all', async () => {
    const { exports } = await nfsOf(`nfs:
  clients: [192.168.139.0/24]
  options: async
  exports:
    - path: /a
    - { path: /b, options: [ro] }
    - { path: /c, options: [ro], clients: [10.0.0.0/8, { match: 10.0.0.0/7, options: rw }] }
`).catch(() => ({ exports: [] }));
    expect(exports).toEqual([]);
    const apart = await nfsOf(`nfs:
  clients: [192.168.139.0/24]
  options: async
  exports:
    - path: /a
    - { path: /b, options: [ro] }
    - { path: /c, options: [ro], clients: [10.0.0.0/8, { match: 11.0.0.0/8, options: rw }] }
`);
    expect(
      apart.exports.map(({ clients }) =>
        clients.map(({ match, options }) => `${match}(${options.join(',')})`),
      ),
    ).toEqual([
      ['192.168.139.0/24(rw,async,no_root_squash,no_subtree_check)'],
      ['192.168.139.0/24(ro,sync,no_root_squash,no_subtree_check)'],
      [
        '10.0.0.0/8(ro,sync,no_root_squash,no_subtree_check)',
        '11.0.0.0/8(rw,sync,no_root_squash,no_subtree_check)',
      ],
    ]);
  });

  it('to everybody has one name for that', async () => {
    const text = 'nfs: { exports: [{ path: /a, clients: [0.0.0.0/0], options: root_squash }] }';
    expect((await nfsOf(text)).exports[0]?.clients[0]?.match).toBe('*');
  });

  it('of a server elsewhere has no host, and the provisioner mounts from there', async () => {
    const text = `name: a
hosts: [{ name: m1, address: 192.168.139.10 }]
nfs: { server: nas.example.com, exports: [{ path: / }], provisioner: {} }
`;
    const { nfs } = (await load(text)).inventory;
    expect(nfs).toMatchObject({
      hosts: [],
      outside: 'nas.example.com',
      exports: [{ host: undefined, path: '/' }],
      provisioner: { server: 'nas.example.com', export: '/' },
    });
  });

  it('is one of two hundred', async () => {
    const exports = Array.from({ length: 200 }, (_, index) => `    - path: /data/${index}\n`).join('');
    expect((await nfsOf(`nfs:\n  exports:\n${exports}`)).exports).toHaveLength(200);
  });
});

describe('options', () => {
  it('are what the course writes, in one order', () => {
    expect(completed(['rw', 'no_root_squash', 'no_all_squash', 'sync'])).toEqual([
      'rw',
      'sync',
      'no_root_squash',
      'no_all_squash',
      'no_subtree_check',
    ]);
  });
  it('are not filled in against what is given', () => {
    expect(completed(['all_squash'])).toEqual(['rw', 'sync', 'all_squash', 'no_subtree_check']);
  });
  it('each say what they do', () => {
    for (const { does } of exportOptions()) expect(does).toMatch(/^\S.*[^.]$/);
  });
});

describe('a warning', () => {
  it.each([
    ['', 'hosts[2].roles: n1 has the role nfs, and nothing is exported'],
    [
      'nfs: { exports: [{ path: /a, mode: 0666 }] }',
      'nfs.exports[0].mode: 0666 has no x: only root can enter the folder',
    ],
    [
      'nfs: { exports: [{ path: /a }, { path: /a/b, options: ro }] }',
      'nfs.exports[1].path: /a/b is within /a, which has other options',
    ],
    ['nfs: { exports: [{ path: /home }] }', 'nfs.exports[0].path: /home holds the data of others too'],
    [
      'nfs: { exports: [{ path: /a, clients: [192.168.139.10] }], provisioner: {} }',
      'nfs.provisioner.export: w1 (192.168.139.11) is no client of /a',
    ],
    [
      'profile: cis\nimages: { mirrors: { "quay.io/a:1": "b/a:1" } }\nnfs: { exports: [{ path: /a }] }',
      'images.mirrors: in profile cis every pod pulls its image anew, under its own name',
    ],
  ])('for %j', async (text, expected) => {
    expect(await warningsOf(text)).toEqual([expected]);
  });

  it('is not given for nested exports with the same options, nor for named clients', async () => {
    expect(await warningsOf('nfs: { exports: [{ path: /a }, { path: /a/b }] }')).toEqual([]);
    const named = 'nfs: { exports: [{ path: /a, clients: ["*.example.com"] }], provisioner: {} }';
    expect(await warningsOf(named)).toEqual([]);
  });
});

describe('a folder that is exported', () => {
  it.each([
    '/usr/bin',
    '/opt/cni/bin',
    '/opt/containerd',
    '/var/spool/cron',
    '/var/lib/kubelet/pods',
    '/var/www',
    '/etc',
    '/root/.ssh',
    '/home/ops/.ssh',
    '/srv/.config',
    '/run/x',
    '/tmp',
    '/',
  ])('is not %s', async (path) => {
    await expect(load(`${HOSTS}nfs: { exports: [{ path: ${path} }] }`)).rejects.toThrow(
      new RegExp(`nfs.exports\\[0\\].path: .*(?:belongs to the system|is hidden)`),
    );
  });

  it.each(['/nfsdata', '/srv/data', '/home/ops/shared', '/var/nfs', '/opt/nfs/a', '/mnt/disk1', '/exports'])(
    'may be %s',
    async (path) => {
      expect(await warningsOf(`nfs: { exports: [{ path: ${path} }] }`)).toEqual([]);
    },
  );
});

describe('clients that are anybody together', () => {
  const load1 = (clients: string, more = ''): ReturnType<typeof load> =>
    load(`${HOSTS}nfs: { exports: [{ path: /a, clients: [${clients}]${more} }] }`);

  it.each([
    ['0.0.0.0/1, 128.0.0.0/1', '0.0.0.0/1 + 128.0.0.0/1'],
    ['0.0.0.0/2, 64.0.0.0/2, 128.0.0.0/2, 192.0.0.0/2', '0.0.0.0/2 + 64.0.0.0/2 + 2 more'],
    ['128.0.0.0/1', '128.0.0.0/1'],
    ['192.168.139.0/24, 64.0.0.0/7', '64.0.0.0/7'],
    ['"::/1"', '::/1'],
    ['"::ffff:0:0/96"', '::ffff:0:0/96'],
    ['"2000::/3"', '2000::/3'],
    ['"*.*"', '\\*\\.\\*'],
    ['"??*"', '\\?\\?\\*'],
    ['"node*"', 'node\\*'],
    ['"*.com"', '\\*\\.com'],
  ])('are %s', async (clients, told) => {
    await expect(load1(clients)).rejects.toThrow(
      new RegExp(`anybody could write to /a as root \\(${told.replaceAll('+', '\\+')} with`),
    );
    await load1(clients, ', options: root_squash');
    await load1(clients, ', allowWorld: true');
  });

  it.each([
    '10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10, 8.0.0.0/8',
    '"fd00::/8", "2001:db8::/32"',
    '"*.example.com", "*.lan", "w?.home.arpa", "@all", node1',
    '192.168.139.10, 192.168.139.0/24',
  ])('are not %s', async (clients) => {
    await expect(load1(clients)).resolves.toBeDefined();
  });
});
