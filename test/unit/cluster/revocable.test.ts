import { afterEach, describe, expect, it } from 'vitest';
import { observed } from '../../support/observed.ts';
import { type OpenExample, openExample } from '../../support/example-cluster.ts';

describe('users that a run with --prune revokes', () => {
  let example: OpenExample | undefined;
  afterEach(() => example?.close());

  const revocable = async (more: { readonly only?: readonly string[] }): Promise<readonly string[]> => {
    example = await openExample(
      { name: 'single-node', inventory: 'single-node.yaml', family: 'centos' },
      more,
    );
    const { name } = example.cluster.inventory.hosts[0]!;
    const seen = observed({ answers: { tokens: { code: 0, output: 'own eve\ntwice 0' } } });
    return example.cluster.revocable(new Map([[name, seen]]));
  };

  it('are those whom nothing names any more', async () => {
    expect(await revocable({})).toEqual(['eve']);
  });

  it('are none when users are no part of it', async () => {
    expect(await revocable({ only: ['os'] })).toEqual([]);
  });
});
