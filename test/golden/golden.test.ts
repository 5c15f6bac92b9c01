import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Host } from '../../src/inventory/types.ts';
import { changesOf } from '../../src/plan/plan.ts';
import { type Example, everyHost, examples, imaginedHost, withExample } from '../support/example-cluster.ts';
import { makePlan } from '../support/planning.ts';

/**
 * Every text file that the phases write, at the path it has on the host, and the whole plan of a fresh host. Keys and
 * certificates are not made here: what holds them is only named. `npx vitest run test/golden -u` accepts changes.
 */
const folder = new URL('.', import.meta.url).pathname;

/** Hosts with the same roles have the same files but for their addresses: the first of each kind will do. */
const representatives = (hosts: readonly Host[]): Host[] =>
  hosts.filter((host, index) => hosts.findIndex(({ roles }) => String(roles) === String(host.roles)) === index);

async function filesOf(example: Example): Promise<Map<string, string>> {
  return withExample(example, (cluster) => {
    const seen = everyHost(cluster, () => imaginedHost(example.family));
    const plan = makePlan(cluster.desire(seen), seen);
    const files = new Map<string, string>();
    for (const { name } of representatives(cluster.inventory.hosts)) {
      const changes = plan.hosts
        .filter(({ host }) => host === name)
        .flatMap(changesOf)
        .map(({ phase, planned }) => ({ phase, ...planned }));
      files.set(
        `${name}/plan.txt`,
        `${changes.map(({ phase, id, change }) => [phase, change.kind, id, change.kind === 'none' ? change.why : change.summary].join('  ')).join('\n')}\n`,
      );
      for (const { change } of changes) if ('text' in change) files.set(`${name}${change.text.path}`, change.text.after);
    }
    return files;
  });
}

describe.each(examples)('$name on $family', (example) => {
  const home = join(folder, example.name);
  const produced = new Set<string>();

  it('is written as it was reviewed', async () => {
    const files = await filesOf(example);
    expect(files.size).toBeGreaterThan(10);
    for (const path of files.keys()) produced.add(path);
    for (const [path, text] of files) {
      await expect(text).toMatchFileSnapshot(join(home, path));
    }
  });

  it('does not depend on when or how often it is computed', async () => {
    expect(await filesOf(example)).toEqual(await filesOf(example));
  });

  afterAll(() => {
    if (produced.size === 0 || !existsSync(home)) return;
    const there = readdirSync(home, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(home.length + 1));
    expect(there.filter((path) => !produced.has(path)), 'golden files that nothing writes any more').toEqual([]);
  });
});
