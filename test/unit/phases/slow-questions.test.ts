import { expect, it } from 'vitest';
import { questionsTo } from '../../../src/commands/certs/sources.ts';
import { imagesWatch } from '../../../src/resources/image-tag.ts';
import type { Watch } from '../../../src/probe/observe.ts';
import { examples, withExample } from '../../support/example-cluster.ts';

/** Nothing else ends a question that hangs before the whole host is given up. */
const LIMIT = /\btimeout \d|--max-time \d|--reply-timeout=\d/;

it.each(examples)('a slow question to $name on $family limits itself', async (example) => {
  const watches = await withExample(example, ({ watches, inventory }) => [
    ...inventory.hosts.flatMap(({ name }) => watches(name)),
    ...inventory.hosts.flatMap((host) => questionsTo(inventory, host)),
    ...(['docker', 'containerd'] as const).map(imagesWatch),
  ]);
  const slow = watches.filter(
    (watch): watch is Extract<Watch, { kind: 'answer' }> => watch.kind === 'answer' && watch.slow === true,
  );
  expect(slow.length).toBeGreaterThan(3);
  expect(slow.filter(({ script }) => !LIMIT.test(script)).map(({ key }) => key)).toEqual([]);
});
