import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CORE_SCHEMA, load as readYaml } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { parseInventory, type LoadOptions } from '../../../src/inventory/load.ts';
import { formatPath, InventoryError, type Path } from '../../../src/inventory/problem.ts';
import { inventoryContext } from '../../../src/cluster/read-inventory.ts';

const FOLDER = join(import.meta.dirname, '../../../inventory');
const examples = readdirSync(FOLDER).filter((name) => /^[a-z-]+\.yaml$/.test(name));
const options = inventoryContext({ HOME: '/home/me', SUDO_PASSWORD: 'correct horse' });

/** Every text, or every key, with a line break at its end; and where they all are. */
function broken(value: unknown, what: 'keys' | 'texts', path: Path = []): { all: unknown; at: string[] } {
  if (typeof value === 'string' && what === 'texts') return { all: `${value}\n`, at: [formatPath(path)] };
  if (typeof value !== 'object' || value === null) return { all: value, at: [] };
  const end = what === 'keys' ? '\n' : '';
  const parts = Object.entries(value).map(([name, item]) => {
    const key = Array.isArray(value) ? Number(name) : `${name}${end}`;
    const { all, at } = broken(item, what, [...path, key]);
    const itself = what === 'keys' && typeof key === 'string' ? [formatPath([...path, key])] : [];
    return { key, all, at: [...itself, ...at] };
  });
  return {
    all: Array.isArray(value)
      ? parts.map(({ all }) => all)
      : Object.fromEntries(parts.map(({ key, all }) => [key, all])),
    at: parts.flatMap(({ at }) => at),
  };
}

const thrownBy = (text: string, given: LoadOptions = options): unknown => {
  try {
    parseInventory(Buffer.from(text), '/x/inventory.yaml', given);
    return undefined;
  } catch (error) {
    return error;
  }
};

const problemsOf = (text: string, given?: LoadOptions): string[] => {
  const error = thrownBy(text, given);
  return error instanceof InventoryError
    ? error.problems.map(({ path, message }) => `${path}: ${message}`)
    : [];
};

describe('a line break is refused', () => {
  it.each(examples.flatMap((name) => [[name, 'keys'] as const, [name, 'texts'] as const]))(
    'in %s: all its %s',
    (name, what) => {
      const value = readYaml(readFileSync(join(FOLDER, name), 'utf8'), { schema: CORE_SCHEMA });
      const { all, at } = broken(value, what);
      const told = problemsOf(JSON.stringify(all)).flatMap(
        (problem) => /^(.*): holds a line break \(U\+000A\) as character \d+$/.exec(problem)?.[1] ?? [],
      );
      expect(told.sort()).toEqual(at.sort());
    },
  );

  it('in a value of the environment, which is not told', () => {
    const text = 'name: a\nhosts: [{name: a, address: 1.2.3.4, ssh: {password: "${env:SECRET}"}}]\n';
    const given = { ...options, env: { SECRET: 'hunter2\nroot' } };
    expect(problemsOf(text, given)).toEqual([
      'hosts[0].ssh.password: the environment variable SECRET holds a line break (U+000A) as character 8',
    ]);
  });
});

it('a file whose lines end with CR LF is as good as one of LF', () => {
  const text = readFileSync(join(FOLDER, 'course.yaml'), 'utf8');
  expect(thrownBy(text.replaceAll('\n', '\r\n'))).toBeUndefined();
});
