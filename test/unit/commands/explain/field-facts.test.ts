import { describe, expect, it } from 'vitest';
import { explainField, fieldNames } from '../../../../src/commands/explain/field-facts.ts';
import { inventoryJsonSchema } from '../../../../src/inventory/schema/json-schema.ts';

const schema = inventoryJsonSchema();
const text = Buffer.from(
  `name: demo
hosts:
  - { name: m1, address: 192.0.2.1, roles: [master, etcd] }
  - name: n1
    address: 192.0.2.4
    nfsAddress: 198.51.100.4
etcd: { dataDir: /data/etcd }
`,
);
const explained = (field: string) => explainField(field, schema, text, 'inventory.yaml');

describe('a field of the inventory', () => {
  it.each([
    'etcd.endpoints',
    'etcd.ca',
    'etcd.cert',
    'etcd.key',
    'etcd.dataDir',
    'kubelet.rootDir',
    'runtime.dataDir',
    'runtime.registries',
    'os.hosts',
    'os.hostsFromInventory',
    'os.timeServers',
    'hosts[].nfsAddress',
  ])('says what it is for: %s', (field) => {
    expect(explained(field)?.what).toMatch(/\w/);
  });

  it('says where it is written, of every host', () => {
    expect(explained('etcd.dataDir')).toMatchObject({
      field: 'etcd.dataDir',
      sources: ['inventory.yaml:7:9 etcd.dataDir'],
    });
    expect(explained('hosts.nfsAddress')?.sources).toEqual(['inventory.yaml:6:5 hosts[1].nfsAddress']);
    expect(explained('concurrency')).toMatchObject({ default: '30', sources: [] });
  });

  it('that is none is none', () => {
    expect(explained('etcd.dataDirs')).toBeUndefined();
    expect(explained('etcd.toString')).toBeUndefined();
  });

  it('is among the names to guess from', () => {
    expect(fieldNames(schema)).toEqual(
      expect.arrayContaining(['etcd.dataDir', 'hosts.nfsAddress', 'hosts.ssh.jump.address']),
    );
  });
});
