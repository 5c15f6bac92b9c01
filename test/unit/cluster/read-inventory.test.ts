import { afterAll, expect, it } from 'vitest';
import { readInventory } from '../../../src/cluster/read-inventory.ts';
import type { Secret } from '../../../src/kernel/secret.ts';
import { scratch } from '../../support/ssh-target.ts';

const folder = scratch();
afterAll(() => {
  folder.remove();
});

it('hands over every secret of the inventory, wherever it stands', async () => {
  const file = folder.file(
    'inventory.yaml',
    `name: demo
pki: { ca: { cert: ca.crt, key: ca.key, passphrase: of-the-ca } }
defaults: { ssh: { sudo: { password: of-sudo } } }
hosts:
  - name: m1
    address: 192.0.2.11
    ssh: { password: of-m1, jump: { address: gate, password: of-gate, passphrase: of-its-key } }
`,
  );
  const secrets = new Set<Secret>();
  await readInventory(file, {}, secrets);
  const values = new Set([...secrets].map((secret) => secret.reveal()));
  expect(values).toEqual(new Set(['of-the-ca', 'of-sudo', 'of-m1', 'of-gate', 'of-its-key']));
});
