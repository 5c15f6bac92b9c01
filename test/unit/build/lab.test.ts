import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { readInventory } from '../../../src/cluster/read-inventory.ts';
import type { Inventory } from '../../../src/inventory/types.ts';
import { aloneInventory } from '../../e2e/support/scene.ts';
import { scratch } from '../../support/ssh-target.ts';

const LAB = fileURLToPath(new URL('../../lab/lab.sh', import.meta.url));
const folder = scratch();
afterAll(() => {
  folder.remove();
});

const printed = (instance: string, ...options: string[]): string =>
  execFileSync('bash', [LAB, 'inventory', ...options], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], K8SB_LAB_INSTANCE: instance },
  });

const read = async (text: string): Promise<Inventory> =>
  (await readInventory(folder.file('inventory.yaml', text), { HOME: folder.path }, new Set())).inventory;

describe('the inventory of a lab', () => {
  it.each([{ options: [] }, { options: ['--nfs'] }])(
    'with $options is that of its instance alone',
    async ({ options }) => {
      const text = printed('7', ...options);
      expect(text).not.toMatch(/198\.18\.0\.|k8s-bootstrap-lab\/id/);
      const { hosts } = await read(text);
      expect(hosts.map(({ address }) => address.replace(/\d+$/, ''))).toEqual(hosts.map(() => '198.18.7.'));
      expect(text).toContain('keys: [/run/k8s-bootstrap-lab-7/id_ed25519]');
    },
  );

  it.each([
    { of: 'the lab', text: printed('0') },
    { of: 'the lab with storage', text: printed('0', '--nfs') },
    { of: 'one host', text: aloneInventory('alone') },
  ])('of $of names the version that is built, which is not the default', async ({ text }) => {
    expect((await read(text)).kubernetes.version).toBe('v1.16.3');
  });

  it('is the example when it is the first lab', async () => {
    const { hosts, artifacts } = await read(printed('0'));
    const example = await readInventory(
      join(LAB, '../../../inventory/lab.yaml'),
      { HOME: folder.path },
      new Set(),
    );
    expect(hosts).toEqual(example.inventory.hosts);
    expect(artifacts.checksums).toBe(example.inventory.artifacts.checksums);
  });
});

it('says all that a machine lacks at once', () => {
  for (const [name, answer] of Object.entries({ id: 'echo 1000', uname: 'echo Darwin' })) {
    chmodSync(folder.file(name, `#!/bin/sh\n${answer}\n`), 0o755);
  }
  const { stdout } = spawnSync('bash', [LAB, 'needs'], {
    encoding: 'utf8',
    env: { PATH: `${folder.path}:/usr/bin:/bin` },
  });
  expect(stdout).toMatch(/^Linux .*this is Darwin$/m);
  expect(stdout).toMatch(/^root, /m);
  expect(stdout).toMatch(/^Go, /m);
});
