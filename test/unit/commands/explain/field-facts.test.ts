import { describe, expect, it } from 'vitest';
import { explainField, fieldNames } from '../../../../src/commands/explain/field-facts.ts';
import type { SchemaNode } from '../../../../src/inventory/issues.ts';
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

/** Names of all fields, also of those below names that are free. */
function everyField(node: SchemaNode, before: readonly string[] = []): string[] {
  const { properties = {}, items, anyOf = [], additionalProperties: entries, propertyNames } = node;
  const own = Object.entries(properties).flatMap(([name, child]) => [
    [...before, name].join('.'),
    ...everyField(child, [...before, name]),
  ]);
  const free = propertyNames?.enum?.[0] ?? 'x';
  return [
    ...own,
    ...(items ? everyField(items, before) : []),
    ...anyOf.flatMap((child) => everyField(child, before)),
    ...(typeof entries === 'object' ? everyField(entries, [...before, free]) : []),
  ];
}

const explained = (field: string) => explainField(field, schema, text, 'inventory.yaml');

describe('a field of the inventory', () => {
  it('says what it is for and what it takes, whichever it is', () => {
    const all = everyField(schema);
    expect(all.length).toBeGreaterThan(200);
    const empty = all.filter((field) => !/\w/.test(explained(field)?.what ?? ''));
    expect(empty).toEqual([]);
    expect(all.filter((field) => !/\S/.test(explained(field)?.takes ?? ''))).toEqual([]);
  });

  it.each([
    ['kubelet.extraArgs', '{ …: string | number | boolean | null }'],
    ['profile', 'secure | cis | course'],
    ['ssh.port', 'integer 1…65535'],
    ['concurrency', 'integer 1…1000'],
    ['ssh.sudo', '{ enabled, password }'],
    ['hosts.roles', '[master | etcd | worker | nfs]'],
    ['hooks.before.up.timeoutSeconds', 'integer 1…3600'],
    ['runtime.mirrors', '{ …: [string] }'],
    ['kubelet.extraArgs.v', 'string | number | boolean | null'],
    ['groups.big.setHostname', 'boolean'],
  ])('%s takes %s', (field, takes) => {
    expect(explained(field)?.takes).toBe(takes);
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
    expect(explained('hooks.before.nothing')).toBeUndefined();
  });

  it('is among the names to guess from', () => {
    expect(fieldNames(schema)).toEqual(
      expect.arrayContaining(['etcd.dataDir', 'hosts.nfsAddress', 'hosts.ssh.jump.address']),
    );
  });
});
