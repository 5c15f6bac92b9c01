import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { publish, replaceFile } from '../../../src/state/state-files.ts';
import { temporaryFolder } from '../pki/support.ts';

const KEY = { name: 'a.key', content: 'new key', secret: true };
const CERTIFICATE = { name: 'a.crt', content: 'new certificate', secret: false };

it('puts files into a folder that exists, and leaves nothing beside it', async () => {
  const parent = temporaryFolder();
  const folder = join(parent, 'pki');
  mkdirSync(folder);
  writeFileSync(join(folder, 'other'), 'other');
  await publish(folder, [KEY, CERTIFICATE]);
  expect(readdirSync(folder).toSorted()).toEqual(['a.crt', 'a.key', 'other']);
  expect(readdirSync(parent)).toEqual(['pki']);
});

it('replaces no file that is there, and then says that another run made it', async () => {
  const parent = temporaryFolder();
  const folder = join(parent, 'pki');
  mkdirSync(folder);
  writeFileSync(join(folder, 'a.key'), 'first key');
  await expect(publish(folder, [KEY, CERTIFICATE])).rejects.toThrow(
    expect.objectContaining({
      code: 'E_STATE_RACE',
      message: expect.stringContaining('a.key') as string,
    }) as Error,
  );
  expect(readFileSync(join(folder, 'a.key'), 'utf8')).toBe('first key');
  expect(readdirSync(folder)).toEqual(['a.key']);
  expect(readdirSync(parent)).toEqual(['pki']);
});

it('lets several go one after the other, and puts all of one or none', async () => {
  const parent = temporaryFolder();
  const folder = join(parent, 'pki');
  const set = (who: string, names: readonly string[]) =>
    names.map((name) => ({ name, content: who, secret: true }));
  const ended = await Promise.allSettled([
    publish(folder, set('first', ['a', 'b', 'c'])),
    publish(folder, set('second', ['x', 'c'])),
    publish(folder, set('third', ['y', 'c'])),
  ]);
  expect(ended.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  const codes = ended.flatMap((one) =>
    one.status === 'rejected' ? (one.reason as { code: string }).code : [],
  );
  expect(codes).toEqual(['E_STATE_RACE', 'E_STATE_RACE']);
  const whose = new Set(readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8')));
  expect(whose.size).toBe(1);
  expect(readdirSync(parent)).toEqual(['pki']);
});

it('removes what a crash has left, and nothing of a process that lives', async () => {
  const parent = temporaryFolder();
  for (const name of ['.new-999999999-a', '.new-b', `.new-${process.ppid}-c`]) mkdirSync(join(parent, name));
  await publish(join(parent, 'pki'), [KEY]);
  expect(readdirSync(parent).toSorted()).toEqual([`.new-${process.ppid}-c`, 'pki']);
});

it('gives a replaced secret its own mode, not that of what lay there', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'a.key'), 'old', { mode: 0o644 });
  await replaceFile(folder, KEY);
  expect(statSync(join(folder, 'a.key')).mode & 0o777).toBe(0o600);
  expect(readFileSync(join(folder, 'a.key'), 'utf8')).toBe('new key');
});
