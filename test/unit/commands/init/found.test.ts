import { describe, expect, it } from 'vitest';
import { foundOn, foundWatches } from '../../../../src/commands/init/found.ts';
import { type NewInventory, inventoryText } from '../../../../src/commands/init/inventory-text.ts';
import type { Observed } from '../../../../src/probe/observe.ts';
import { type Sight, sight, textFile, worldOf } from '../../phases/world.ts';

const { inventory } = worldOf();
const found = (hosts: Readonly<Record<string, Sight>>) =>
  foundOn(
    inventory,
    new Map(Object.entries(hosts).map(([name, one]): [string, Observed] => [name, sight(one)])),
  );
const files = (texts: Readonly<Record<string, string>>): Sight => ({
  files: Object.fromEntries(Object.entries(texts).map(([path, text]) => [path, textFile(text)])),
});
const told = (output: string): Sight => ({ answers: { 'data-folders': { code: 0, output } } });

describe('what hosts show of an inventory', () => {
  it('is asked for in one go', () => {
    expect(foundWatches(inventory, inventory.hosts[0]!).map(({ key }) => key)).toEqual([
      '/etc/hosts',
      '/etc/chrony.conf',
      '/etc/chrony/chrony.conf',
      '/etc/ntp.conf',
      '/etc/docker/daemon.json',
      'data-folders',
    ]);
  });

  it('is nothing on fresh hosts', () => {
    const fresh = files({ '/etc/hosts': '127.0.0.1 localhost\n::1 localhost\n192.0.2.11 m1\n' });
    expect(found({ m1: fresh, w1: told('told docker \ntold kubelet ') })).toEqual({ kept: {}, left: {} });
  });

  it('are names and time servers, which stay theirs', () => {
    const { kept, left } = found({
      m1: files({
        '/etc/hosts': '127.0.0.1 localhost\n192.0.2.50 registry.office hub # ours\n192.0.2.12 w1\n',
        '/etc/chrony.conf': '# server none\nserver ntp.office iburst\npool 2.pool.ntp.org iburst\n',
      }),
      w1: files({ '/etc/ntp.conf': 'server 127.127.1.0\nserver 192.0.2.1\n' }),
    });
    expect(kept).toEqual({});
    expect(left).toEqual({
      os: {
        hosts: { 'registry.office': '192.0.2.50', hub: '192.0.2.50' },
        timeServers: ['ntp.office', '2.pool.ntp.org', '192.0.2.1'],
      },
    });
  });

  it('are mirrors of docker and folders with data, which up would change', () => {
    const daemon = {
      'registry-mirrors': ['https://mirror.office', 7, 'https://x/$(reboot)'],
      'insecure-registries': ['hub:5000', 'a b'],
    };
    const one = {
      ...files({ '/etc/docker/daemon.json': JSON.stringify(daemon) }),
      ...told('told docker /data/docker'),
    };
    expect(found({ m1: told('told etcd /data/etcd'), w1: one, w2: one }).kept).toEqual({
      etcd: { dataDir: '/data/etcd' },
      runtime: {
        dataDir: '/data/docker',
        mirrors: { 'docker.io': ['https://mirror.office'] },
        insecureRegistries: ['hub:5000'],
      },
    });
  });

  it('is no folder where hosts have several', () => {
    expect(found({ w1: told('told docker /a'), w2: told('told containerd /b') }).kept).toEqual({});
  });

  it('is nothing of what is no name, server or folder', () => {
    const evil = files({
      '/etc/hosts': '192.0.2.50 $(reboot) a\u001b[31m\n1.2.3 x\n',
      '/etc/chrony.conf': 'server $(reboot)\nserver\n',
      '/etc/docker/daemon.json': '[1',
    });
    expect(found({ w1: { ...evil, ...told('told docker /a$(reboot)') } })).toEqual({ kept: {}, left: {} });
  });
});

it('what hosts keep is written as comments', () => {
  const text = inventoryText({
    name: 'k8s',
    hosts: [],
    ranges: { serviceCIDR: '10.96.0.0/16', podCIDR: '10.244.0.0/16' },
    networks: [],
    settings: {},
    left: { os: { timeServers: ['ntp.office'] } },
  } satisfies NewInventory);
  expect(text).toContain('\n# os:\n#   timeServers:\n#     - ntp.office\n');
});
