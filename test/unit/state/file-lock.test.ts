import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { withLock } from '../../../src/state/file-lock.ts';
import { temporaryFolder } from '../pki/support.ts';

const GONE = 999_999_999;
const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
const done = (): Promise<string> => Promise.resolve('done');

const lockOf = (content: string): string => {
  const path = join(temporaryFolder(), 'some.lock');
  writeFileSync(path, content);
  return path;
};

describe('a lock', () => {
  it('says who holds it, on which machine and since which boot', async () => {
    const path = join(temporaryFolder(), 'some.lock');
    const content = await withLock(path, () => Promise.resolve(readFileSync(path, 'utf8')));
    expect(content).toBe(`${process.pid}\n${hostname()}\n${boot}\n`);
    expect(readdirSync(join(path, '..'))).toEqual([]);
  });

  it('of a process of this machine that is gone is taken over', async () => {
    expect(await withLock(lockOf(`${GONE}\n${hostname()}\n${boot}\n`), done, 0)).toBe('done');
  });

  it.each([
    ['another machine', `${GONE}\nother.example.org\n${boot}\n`, `(pid ${GONE} on other.example.org) `],
    ['another boot', `${GONE}\n${hostname()}\n00000000-0000\n`, `(pid ${GONE} on ${hostname()}) `],
    ['nobody who is named', String(GONE), ''],
    ['a text', `${GONE}\n\u001b[2Jx\n${boot}\n`, ''],
  ])('of %s is never taken for dead', async (_whose, content, who) => {
    const path = lockOf(content);
    await expect(withLock(path, done, 0)).rejects.toMatchObject({
      code: 'E_LOCKED',
      message: `another k8s-bootstrap ${who}holds ${path}`,
      hint: expect.stringContaining(`rm ${path}`) as string,
    });
    expect(readFileSync(path, 'utf8')).toBe(content);
    expect(readdirSync(join(path, '..'))).toEqual(['some.lock']);
  });
});
