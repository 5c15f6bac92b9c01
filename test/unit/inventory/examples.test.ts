import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { parseDocument } from '../../../src/inventory/document.ts';
import { inventoryJsonSchema } from '../../../src/inventory/schema/json-schema.ts';
import { loadInventory } from '../../../src/inventory/load.ts';
import { knownVersions, loadRelease } from '../../../src/release/release.ts';
import { known } from './known.ts';

const FOLDER = join(import.meta.dirname, '../../../inventory');
const examples = readdirSync(FOLDER).filter((name) => /^[a-z-]+\.yaml$/.test(name));
/** Whatever the examples read from the environment. */
const env = { HOME: '/home/me', SUDO_PASSWORD: 'correct horse', PULL_PASSWORD: 'correct horse' };

describe('inventory/schema.json', () => {
  it('is up to date', () => {
    const written = JSON.parse(readFileSync(join(FOLDER, 'schema.json'), 'utf8')) as unknown;
    expect(written, 'write the output of `k8s-bootstrap schema` to inventory/schema.json').toEqual(
      inventoryJsonSchema(),
    );
  });
});

describe('the default versions', () => {
  it.each(knownVersions())('of %s have pinned checksums for every architecture', (version) => {
    for (const arch of ['amd64', 'arm64'] as const) {
      for (const name of ['etcd', 'cni-plugins']) {
        expect(loadRelease(version).artifact(name, arch).checksum, `${name} ${arch}`).toBeDefined();
      }
    }
  });
});

/** The flags that there are; whether one is on its way out is no matter here. */
const undeprecated = (version: string): ReturnType<typeof known.release> => {
  const release = loadRelease(version);
  return { ...release, flag: (...of) => ({ ...release.flag(...of), deprecated: false }) };
};

describe('the examples', () => {
  it('are there', () => {
    expect(examples).toEqual(
      expect.arrayContaining(['course.yaml', 'single-node.yaml', 'three-masters.yaml']),
    );
  });

  it.each(examples)('%s can be loaded, and its editor knows the schema', async (name) => {
    const file = join(FOLDER, name);
    const { inventory, warnings } = await loadInventory(file, { ...known, env, release: undeprecated });
    expect(warnings.map(({ path }) => path).filter((path) => !path.endsWith('password'))).toEqual(
      inventory.profile === 'course' ? ['profile'] : [],
    );
    expect(readFileSync(file, 'utf8')).toMatch(/^# yaml-language-server: \$schema=\.\/schema\.json\n/);
  });

  it('say at one place all that hosts and services of before may need', async () => {
    const { inventory } = await loadInventory(join(FOLDER, 'own-hosts.yaml'), { ...known, env });
    const { etcd, kubelet, runtime, os, hosts, nfs } = inventory;
    expect({
      store: etcd.outside?.endpoints.length,
      folders: [kubelet.rootDir, runtime.dataDir],
      logins: Object.keys(runtime.registries),
      names: [os.hosts, os.hostsFromInventory],
      clocks: os.timeServers,
      storage: hosts.find(({ nfsAddress }) => nfsAddress !== undefined)?.nfsAddress,
      exports: nfs?.exports.map(({ path }) => path),
    }).toEqual({
      store: 3,
      folders: ['/data/kubelet', '/data/containers'],
      logins: ['registry.example.com'],
      names: [{ 'registry.example.com': '192.168.139.51' }, true],
      clocks: ['192.168.139.1'],
      storage: '192.168.140.20',
      exports: ['/nfsdata'],
    });
  });

  it.each(examples)('%s follows the JSON Schema', (name) => {
    const { value } = parseDocument(readFileSync(join(FOLDER, name)), name);
    const schema = z.fromJSONSchema(inventoryJsonSchema() as Parameters<typeof z.fromJSONSchema>[0]);
    expect(schema.safeParse(value).error?.issues ?? []).toEqual([]);
    expect(schema.safeParse({ ...(value as object), colour: 1 }).success).toBe(false);
  });
});
