import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { specFor, specForUser } from '../../../src/pki/profiles.ts';
import { CA_IDS, LEAF_IDS } from '../../../src/pki/spec.ts';
import { openPkiStore } from '../../../src/pki/open-pki-store.ts';

/** Writes one certificate of every kind, and some with odd names, into the folder given, as main.go reads them. */
export async function produce(folder: string): Promise<void> {
  const store = openPkiStore(join(folder, '.state'));
  await store.ensure();
  for (const id of CA_IDS) {
    await mkdir(join(folder, id), { recursive: true });
    await writeFile(join(folder, id, 'ca.crt'), store.caPem(id) ?? '');
  }
  const subject = {
    node: { name: 'm1', ips: ['10.0.0.11', '2001:db8::10'] },
    masters: { names: ['m1', 'm2'], ips: ['10.0.0.11', '10.0.0.12'] },
    serviceIp: '10.96.0.1',
    clusterDomain: 'cluster.local',
    endpoint: 'bücher.example',
    extraSans: ['::', '1::'],
  };
  const users = ['jane', 'dev_user', 'a@b.com', '*', 'José', '管理', 'x'.repeat(64)];
  const specs = [
    ...LEAF_IDS.map((id) => specFor(id, subject)),
    ...users.map((name) => specForUser(name, ['devs', 'ops'])),
    specForUser('longest', [], 3650),
  ];
  await Promise.all(
    specs.map(async (spec, index) => {
      const { certificate } = await store.issue(spec);
      await writeFile(join(folder, spec.ca, `${spec.usages.join('+')}.${spec.id}-${index}.crt`), certificate);
    }),
  );
}
