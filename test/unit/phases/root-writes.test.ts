import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Resource } from '../../../src/resources/resource.ts';
import { everyHost, examples, imaginedHost, withExample } from '../../support/example-cluster.ts';

/** Whoever owns a folder can put a link where root is about to write. */
it.each(examples)('root writes in no folder that it does not own, in $name on $family', async (example) => {
  const bad = await withExample(example, async (cluster) => {
    const seen = everyHost(cluster, () => imaginedHost(example.family));
    const found: string[] = [];
    for (const stage of cluster.desire(seen)) {
      for (const host of stage.hosts) {
        const resources = stage.resources(host);
        const theirs = (
          await Promise.all(resources.map((one) => ownedByOthers(one, seen.get(host)!)))
        ).flat();
        for (const { id, owns = [] } of resources) {
          for (const path of owns) {
            const folder = theirs.find((one) => path.startsWith(`${one}/`));
            if (folder !== undefined) found.push(`${id} in ${folder}`);
          }
        }
      }
    }
    return found;
  });
  expect(bad).toEqual([]);
});

async function ownedByOthers(resource: Resource, seen: Parameters<Resource['steps']>[1]): Promise<string[]> {
  if (!resource.id.startsWith('directory:')) return [];
  const steps = await resource.steps(resource.diff(seen, new Map()), seen);
  return steps.flatMap((step) =>
    step.op === 'directory' && step.attributes.owner !== 'root' ? [step.path] : [],
  );
}

/** What these set rights of is in a folder that they have made, or is known to be root's. */
const OWN_WAY = [
  'src/resources/steps/functions.ts',
  'src/resources/token-file.ts',
  'src/commands/reset/scripts/files.ts',
];

it('rights are set of . only, where into has led', () => {
  const src = join(import.meta.dirname, '../../../src');
  const found = readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !OWN_WAY.includes(`src/${name}`))
    .flatMap((name) =>
      readFileSync(join(src, name), 'utf8')
        .split('\n')
        .filter((line) => /\bch(own|mod|grp) -- /.test(line) && !/ \.`\]\),$/.test(line))
        .map((line) => `${name}: ${line.trim()}`),
    );
  expect(found).toEqual([]);
});
