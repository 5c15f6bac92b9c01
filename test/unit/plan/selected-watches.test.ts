import { afterEach, expect, it } from 'vitest';
import { factsWatches } from '../../../src/facts/facts.ts';
import { phases } from '../../../src/phases/index.ts';
import { type OpenExample, examples, openExample } from '../../support/example-cluster.ts';

let open: OpenExample | undefined;

afterEach(async () => {
  await open?.close();
});

it.each(phases.map(({ id }) => id))('the facts of all hosts are asked with phase %s alone', async (id) => {
  open = await openExample(examples[0]!, { only: [id] });
  for (const { name: host } of open.cluster.inventory.hosts) {
    const asked = open.cluster.watches(host).map(({ kind, key }) => `${kind}:${key}`);
    for (const { kind, key } of factsWatches()) expect(asked, host).toContain(`${kind}:${key}`);
  }
});
