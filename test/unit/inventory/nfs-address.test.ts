import { expect, it } from 'vitest';
import { serversOf } from '../../../src/commands/nfs/targets.ts';
import { load } from './load-text.ts';

const inventoryWith = (host: string, nfs: string): string => `name: demo
hosts:
  - { name: m1, address: 192.168.139.10, roles: [master, etcd, worker] }
  - { name: n1, address: 192.168.139.41, roles: [nfs]${host} }
nfs: { exports: [{ path: /nfsdata }], provisioner: {}${nfs} }
`;

it('nodes mount by the address of the storage network, where a server has one', async () => {
  const { inventory, warnings } = await load(
    inventoryWith(', nfsAddress: 10.0.0.41', ', clients: [10.0.0.0/24]'),
  );
  expect(inventory.nfs?.provisioner?.server).toBe('10.0.0.41');
  expect(serversOf(inventory)).toEqual([{ id: 0, host: 'n1', address: '10.0.0.41' }]);
  expect(warnings).toEqual([]);
});

it('a storage network that the exports do not let in is warned of', async () => {
  const { warnings } = await load(inventoryWith(', nfsAddress: 10.0.0.41', ''));
  expect(warnings.map(({ path, message }) => [path, message])).toEqual([
    ['hosts[1].nfsAddress', 'the exports of n1 let in the nodes by their own addresses'],
  ]);
});

it('without one they mount by its own', async () => {
  const { inventory } = await load(inventoryWith('', ''));
  expect(inventory.nfs?.provisioner?.server).toBe('192.168.139.41');
});
