import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { parseDocument } from '../../../src/inventory/document.ts';
import { inventoryJsonSchema } from '../../../src/inventory/schema/json-schema.ts';
import { loadInventory } from '../../../src/inventory/load.ts';
import { flagTable } from '../../../src/release/flags.ts';
import { known } from './known.ts';

const FOLDER = join(import.meta.dirname, '../../../inventory');
const examples = readdirSync(FOLDER).filter((name) => /^[a-z-]+\.yaml$/.test(name));
/** Whatever the examples read from the environment. */
const env = { HOME: '/home/me', SUDO_PASSWORD: 'correct horse' };

describe('inventory/schema.json', () => {
  it('is up to date', () => {
    const written = JSON.parse(readFileSync(join(FOLDER, 'schema.json'), 'utf8')) as unknown;
    expect(written, 'write the output of `k8s-bootstrap schema` to inventory/schema.json').toEqual(
      inventoryJsonSchema(),
    );
  });
});

describe('the default versions', () => {
  it.each(['amd64', 'arm64'])('have pinned checksums for %s', async (arch) => {
    const pins = readFileSync(join(FOLDER, '../release/checksums.yaml'), 'utf8');
    const { inventory } = await loadInventory(join(FOLDER, 'single-node.yaml'), known);
    const { etcd, network } = inventory;
    expect(pins).toContain(`etcd-${etcd.version}-linux-${arch}.tar.gz: `);
    expect(pins).toContain(`cni-plugins-linux-${arch}-${network.cniVersion}.tgz: `);
  });
});

describe('the examples', () => {
  it('are there', () => {
    expect(examples).toEqual(
      expect.arrayContaining(['course.yaml', 'single-node.yaml', 'three-masters.yaml']),
    );
  });

  it.each(examples)('%s can be loaded, and its editor knows the schema', async (name) => {
    const file = join(FOLDER, name);
    const { inventory, warnings } = await loadInventory(file, {
      ...known,
      env,
      flagKnown: (component, flag) => flagTable(component).flag(flag).known,
    });
    expect(warnings.map(({ path }) => path).filter((path) => !path.endsWith('password'))).toEqual(
      inventory.profile === 'course' ? ['profile'] : [],
    );
    expect(readFileSync(file, 'utf8')).toMatch(/^# yaml-language-server: \$schema=\.\/schema\.json\n/);
  });

  it.each(examples)('%s follows the JSON Schema', (name) => {
    const { value } = parseDocument(readFileSync(join(FOLDER, name)), name);
    const schema = z.fromJSONSchema(inventoryJsonSchema() as Parameters<typeof z.fromJSONSchema>[0]);
    expect(schema.safeParse(value).error?.issues ?? []).toEqual([]);
    expect(schema.safeParse({ ...(value as object), colour: 1 }).success).toBe(false);
  });
});
