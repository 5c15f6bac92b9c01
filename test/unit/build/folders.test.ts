import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const SOURCES = fileURLToPath(new URL('../../../src/', import.meta.url));
/** What still fits on a screen: CONTRIBUTING.md. */
const MOST = 30;

it(`no folder of src has more than ${MOST} files of its own`, () => {
  const files = readdirSync(SOURCES, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
  const counts = new Map<string, number>();
  for (const { parentPath } of files) counts.set(parentPath, (counts.get(parentPath) ?? 0) + 1);
  expect(counts.size).toBeGreaterThan(30);
  expect([...counts].filter(([, count]) => count > MOST)).toEqual([]);
});
