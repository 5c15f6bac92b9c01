import { readFileSync } from 'node:fs';
import { load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { causeOf, inWords } from '../../../../src/commands/nfs/causes.ts';

interface Case {
  readonly by: string;
  readonly step: string;
  readonly code?: number;
  readonly said: string;
  readonly cause: string;
}

const cases = load(
  readFileSync(new URL('../../../cases/nfs/causes.yaml', import.meta.url), 'utf8'),
) as readonly Case[];

interface Row {
  readonly cause: string;
  readonly step?: string;
  readonly says: string;
  readonly remedy: string;
}

const rows = load(
  readFileSync(new URL('../../../../release/nfs-errors.yaml', import.meta.url), 'utf8'),
) as readonly Row[];

/** All that is ever filled in. */
const words = Object.fromEntries(
  [
    ...['host', 'server', 'path', 'port', 'services', 'more'],
    ...['class', 'namespace', 'name', 'image', 'check', 'left'],
  ].map((word) => [word, word]),
);

describe('the cause of what was said', () => {
  it.each(cases)('$step, $by: $said', ({ step, code = 1, said, cause }) => {
    expect(causeOf(step, { code, said }).cause).toBe(cause);
  });

  it('is what was said last when nobody knows it', () => {
    expect(causeOf('delete', { code: 1, said: 'one\ntwo\n' }).says).toBe('delete: two');
    expect(causeOf('delete', { code: 7, said: '' }).says).toBe('delete ended with code 7');
  });
});

describe('release/nfs-errors.yaml', () => {
  it.each(rows)('tells of $cause ($step) in complete words', ({ says, remedy }) => {
    for (const text of [says, remedy]) {
      expect(inWords(text, words)).not.toMatch(/[{}]/);
      expect(text).not.toMatch(/\s$/);
    }
    expect(says).toMatch(/^[a-zR{/].*[^.]$/);
    expect(remedy).toMatch(/[.)?]$/);
  });

  it('has a case for every cause that is told from words', () => {
    const claims = load(
      readFileSync(new URL('../../../cases/nfs/claims.yaml', import.meta.url), 'utf8'),
    ) as readonly { readonly problems?: readonly string[] }[];
    const told = new Set([
      ...cases.map(({ cause }) => cause),
      ...claims.flatMap(({ problems = [] }) => problems.map((one) => one.split(' ')[1])),
      ...['service-down', 'not-listed', 'too-open', 'folder-missing'], // by the check itself: checks.yaml
    ]);
    expect([...new Set(rows.map(({ cause }) => cause))].filter((cause) => !told.has(cause))).toEqual([]);
  });
});
