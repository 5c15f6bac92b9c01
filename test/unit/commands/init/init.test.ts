import { describe, expect, it } from 'vitest';
import { expandAddresses } from '../../../../src/commands/init/addresses.ts';
import { chooseRanges, networksOf, nodeAddress, nodeNames } from '../../../../src/commands/init/choices.ts';
import { type NewInventory, inventoryText } from '../../../../src/commands/init/inventory-text.ts';
import { settingsFrom } from '../../../../src/commands/init/settings.ts';
import { parseInventory } from '../../../../src/inventory/load.ts';
import { factsOf } from '../../../../src/facts/facts.ts';
import { scratch } from '../../../support/ssh-target.ts';
import { known } from '../../inventory/known.ts';

const fresh = factsOf(undefined);
const address = (name: string, ip: string, prefix = 24) => ({ interface: name, ip, prefix });
const route = (to: string, dev: string, protocol = 'kernel') => ({ to, dev, protocol, via: undefined });

describe('addresses', () => {
  it.each([
    { given: ['192.168.139.10-12'], are: ['192.168.139.10', '192.168.139.11', '192.168.139.12'] },
    { given: ['10.0.0.1', 'w[09-11].lan', '10.0.0.1'], are: ['10.0.0.1', 'w09.lan', 'w10.lan', 'w11.lan'] },
    { given: ['my-host-7'], are: ['my-host-7'] },
  ])('$given stand for $are', ({ given, are }) => {
    expect(expandAddresses(given)).toEqual(are);
  });

  it.each([
    '10.0.0.12-10',
    '10.0.0.250-256',
    'root@10.0.0.1',
    '10.0.0.1:22',
    '10.0.0',
    '::1',
    '-oProxyCommand=x',
    '',
  ])('"%s" is refused', (text) => {
    expect(() => expandAddresses([text])).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^E_(ADDRESS|RANGE)$/) as string }),
    );
  });
});

describe('names', () => {
  it.each([
    { hosts: ['m1', 'w1.example.com'], are: ['m1', 'w1'] },
    { hosts: ['localhost.localdomain', 'localhost'], are: ['node1', 'node2'] },
    { hosts: ['centos', 'centos', 'db'], are: ['node1', 'node2', 'db'] },
    { hosts: ['localhost', 'localhost', 'node1'], are: ['node2', 'node3', 'node1'] },
    { hosts: ['My_Host', '-', 'ünï'], are: ['my-host', 'node2', 'n'] },
    { hosts: ['node2', 'localhost'], are: ['node2', 'node3'] },
    { hosts: ['a'.repeat(80)], are: ['a'.repeat(63)] },
  ])('$hosts become $are', ({ hosts, are }) => {
    expect(nodeNames(hosts)).toEqual(are);
  });

  it('of the node is the dialled address, if the host has it', () => {
    const facts = {
      ...fresh,
      defaultInterface: 'eth1',
      addresses: [address('lo', '127.0.0.1', 8), address('eth0', '10.0.0.5'), address('eth1', '10.1.0.5')],
    };
    expect(nodeAddress('10.0.0.5', facts)).toBe('10.0.0.5');
    expect(nodeAddress('node5.lan', facts)).toBe('10.1.0.5');
    const named = facts.addresses.find(({ ip }) => ip === '10.0.0.5')?.interface;
    expect(nodeAddress('10.1.0.5', facts, named)).toBe('10.0.0.5');
    expect(nodeAddress('10.1.0.5', facts, 'eth9')).toBeUndefined();
  });
});

describe('ranges', () => {
  it('are the usual ones where nothing is in their way', () => {
    expect(chooseRanges(['192.168.139.0/24'])).toEqual({
      serviceCIDR: '10.96.0.0/16',
      podCIDR: '10.244.0.0/16',
    });
  });

  it('go around the networks of the hosts, and each other', () => {
    const { serviceCIDR, podCIDR } = chooseRanges(['10.0.0.0/8', '172.22.0.0/16']);
    expect([serviceCIDR, podCIDR]).toEqual(['192.168.192.0/20', '172.23.0.0/16']);
  });

  it('that are given stay, and the other one keeps away from it', () => {
    expect(chooseRanges([], { podCIDR: '10.64.0.0/10' })).toEqual({
      serviceCIDR: '172.22.0.0/16',
      podCIDR: '10.64.0.0/10',
    });
  });

  it('see routes, and addresses outside of them, but not what a cluster of ours made', () => {
    const facts = {
      ...fresh,
      addresses: [
        address('lo', '127.0.0.1', 8),
        address('eth0', '10.0.0.5'),
        address('tun0', '10.9.0.2', 32),
        address('cni0', '10.244.1.1'),
      ],
      routes: [
        { ...route('0.0.0.0/0', 'eth0'), via: '10.0.0.1' },
        route('10.0.0.0/24', 'eth0'),
        route('10.244.1.0/24', 'cni0'),
      ],
    };
    expect(networksOf([facts, facts])).toEqual(['10.0.0.0/24', '10.9.0.2/32']);
  });
});

const one = (name: string, last: number, roles: NewInventory['hosts'][number]['roles']) => ({
  name,
  address: `192.168.139.${last}`,
  ip: undefined,
  roles,
  about: 'CentOS Linux 7 (Core), 2 processors',
});

const three: NewInventory = {
  name: 'k8s',
  hosts: [
    one('m1', 10, ['master', 'etcd']),
    one('w1', 11, ['worker']),
    { ...one('w2', 12, ['worker']), address: 'w2.lan', ip: '10.0.0.9' },
  ],
  left: {},
  ranges: { serviceCIDR: '10.96.0.0/16', podCIDR: '10.244.0.0/16' },
  networks: ['192.168.139.0/24'],
  settings: {
    ssh: { user: 'centos', sudo: { password: '${env:NODE_PASSWORD}' } },
    profile: 'secure',
    images: { pause: 'mirror:5000/pause:3.1' },
  },
};

const read = (text: string) =>
  parseInventory(Buffer.from(text), '/somewhere/inventory.yaml', known).inventory;

describe('the text', () => {
  it('is as written down, and an inventory', async () => {
    const text = inventoryText(three);
    await expect(text).toMatchFileSnapshot('../../../golden/cli/inventory.yaml');
    const { hosts, images, network } = read(text);
    expect(hosts.map(({ name, ip, roles }) => [name, ip, roles.join()])).toEqual([
      ['m1', '192.168.139.10', 'master,etcd'],
      ['w1', '192.168.139.11', 'worker'],
      ['w2', '10.0.0.9', 'worker'],
    ]);
    expect(hosts[0]?.ssh.user).toBe('centos');
    expect(images.pause).toBe('mirror:5000/pause:3.1');
    expect(network.serviceCIDR).toBe('10.96.0.0/16');
  });

  it.each(['123', '1e3', 'null', 'true', '0x1f', 'no', '12:34'])(
    'survives a host that is called %s',
    (name) => {
      const text = inventoryText({
        ...three,
        hosts: [{ ...one(name, 10, ['master', 'etcd', 'worker']), about: 'x\n  - evil: true' }],
      });
      if (name.includes(':'))
        expect(() => read(text)).toThrow(); // no name of a node, but still text
      else expect(read(text).hosts.map((host) => host.name)).toEqual([name]);
    },
  );

  it('keeps the rest of a network that was taken over', () => {
    const text = inventoryText({
      ...three,
      ranges: { serviceCIDR: '10.1.0.0/16', podCIDR: '10.2.0.0/16' },
      settings: { network: { podCIDR: '10.2.0.0/16', proxyMode: 'ipvs' } },
    });
    expect(read(text).network).toMatchObject({
      serviceCIDR: '10.1.0.0/16',
      podCIDR: '10.2.0.0/16',
      proxyMode: 'ipvs',
    });
  });
});

describe('settings taken over', () => {
  it('leave name, hosts and groups behind, and keep the meaning of relative paths', async () => {
    const folder = scratch();
    const file = folder.file(
      'from.yaml',
      [
        'name: other',
        'hosts: [{ name: a, address: 10.0.0.1 }]',
        'groups: {}',
        'ssh: { keys: [id_ed25519, ~/.ssh/id_rsa, /abs/key] }',
        "artifacts: { mirrors: ['http://mirror', mirror], checksums: sums.yaml }",
        'profile: cis',
      ].join('\n'),
    );
    try {
      expect(await settingsFrom(file)).toEqual({
        ssh: { keys: [`${folder.path}/id_ed25519`, '~/.ssh/id_rsa', '/abs/key'] },
        artifacts: {
          mirrors: ['http://mirror', `${folder.path}/mirror`],
          checksums: `${folder.path}/sums.yaml`,
        },
        profile: 'cis',
      });
      await expect(settingsFrom(`${folder.path}/none.yaml`)).rejects.toMatchObject({
        code: 'E_INVENTORY_FILE',
        exitCode: 2,
      });
    } finally {
      folder.remove();
    }
  });
});
