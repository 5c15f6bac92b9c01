import { mkdirSync, readFileSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeAtomic } from '../../../src/kernel/atomic-file.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const modeOf = (path: string): string => (statSync(path).mode & 0o7777).toString(8);

/** Runs with another umask; nothing else of this file runs meanwhile. */
async function withUmask<T>(mask: number, action: () => Promise<T>): Promise<T> {
  const before = process.umask(mask);
  try {
    return await action();
  } finally {
    process.umask(before);
  }
}

describe('writeAtomic', () => {
  it('writes text and bytes', async () => {
    const folder = temporaryFolder();
    await writeAtomic(join(folder, 'text'), 'grüße\n');
    await writeAtomic(join(folder, 'bytes'), Uint8Array.from([0, 255, 10]));
    expect(readFileSync(join(folder, 'text'), 'utf8')).toBe('grüße\n');
    expect([...readFileSync(join(folder, 'bytes'))]).toEqual([0, 255, 10]);
  });

  it('replaces a file that everybody could read, instead of writing into it', async () => {
    const path = join(temporaryFolder(), 'ca.key');
    writeFileSync(path, 'old', { mode: 0o644 });
    const before = statSync(path).ino;
    await writeAtomic(path, 'new');
    expect(modeOf(path)).toBe('600');
    expect(statSync(path).ino).not.toBe(before);
  });

  it.each([0o000, 0o022, 0o077, 0o777])('gives the mode it was told under umask %o', async (mask) => {
    const path = join(temporaryFolder(), 'file');
    await withUmask(mask, () => writeAtomic(path, 'x', 0o644));
    expect(modeOf(path)).toBe('644');
  });

  it('makes missing folders for their owner alone', async () => {
    const folder = temporaryFolder();
    await withUmask(0, () => writeAtomic(join(folder, 'a/b/file'), 'x'));
    expect([modeOf(join(folder, 'a')), modeOf(join(folder, 'a/b'))]).toEqual(['700', '700']);
  });

  it('replaces a link and leaves alone what it points at', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'target'), 'theirs');
    symlinkSync('target', join(folder, 'link'));
    await writeAtomic(join(folder, 'link'), 'ours');
    expect(readFileSync(join(folder, 'target'), 'utf8')).toBe('theirs');
    expect(readFileSync(join(folder, 'link'), 'utf8')).toBe('ours');
  });

  it('leaves nothing behind when it fails', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'taken'));
    await expect(writeAtomic(join(folder, 'taken'), 'x')).rejects.toThrow();
    expect(readdirSync(folder)).toEqual(['taken']);
  });

  it('never shows half a file to readers', async () => {
    const path = join(temporaryFolder(), 'file');
    const texts = ['a'.repeat(300_000), 'b'.repeat(200_000)];
    await writeAtomic(path, texts[0]!);
    const writing = Promise.all(
      Array.from({ length: 20 }, (_, index) => writeAtomic(path, texts[index % 2]!)),
    );
    const progress = { done: false };
    void writing.finally(() => (progress.done = true));
    while (!progress.done) {
      expect(texts).toContain(readFileSync(path, 'utf8'));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await writing;
  });
});
