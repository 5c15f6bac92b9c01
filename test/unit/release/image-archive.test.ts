import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { packTar } from 'modern-tar';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readImageArchives } from '../../../src/release/image-archive.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'k8sb-images-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** As docker writes one: layers first, the list at the end. */
const saved = (list: string): Promise<Uint8Array> =>
  packTar([
    { header: { name: 'layer/', type: 'directory', size: 0 } },
    { header: { name: `${'long/'.repeat(40)}layer.tar`, size: 1500 }, body: 'x'.repeat(1500) },
    { header: { name: 'manifest.json', size: list.length }, body: list },
  ]);
const named = (...names: string[]): Promise<Uint8Array> => saved(JSON.stringify([{ RepoTags: names }]));

/** The first header says that what follows has fewer bytes than none. */
const shrunk = (bytes: Uint8Array): Uint8Array => {
  const buffer = Buffer.from(bytes);
  buffer.write('-0000000007', 124, 'latin1');
  return buffer;
};

const write = async (name: string, content: Uint8Array | Promise<Uint8Array>): Promise<string> => {
  const file = join(folder, name);
  writeFileSync(file, await content);
  return file;
};

describe('archives of images', () => {
  it('are those of the folder by their file names, with the names of their images', async () => {
    await write('b.tar', saved('[{"RepoTags":["b:1","b:2"]},{"RepoTags":["c:1"]},{"RepoTags":null}]'));
    await write('a.tar', named('k8s.gcr.io/pause:3.1'));
    writeFileSync(join(folder, 'README'), '');
    const found = await readImageArchives(folder);
    expect(found.map(({ file, names }) => [file, names])).toEqual([
      [join(folder, 'a.tar'), ['k8s.gcr.io/pause:3.1']],
      [join(folder, 'b.tar'), ['b:1', 'b:2', 'c:1']],
    ]);
    expect(found[0]?.size).toBe((await named('k8s.gcr.io/pause:3.1')).length);
  });

  it('are refused when there are none', async () => {
    await expect(readImageArchives(folder)).rejects.toMatchObject({
      code: 'E_IMAGE_ARCHIVE',
      message: `${folder} has no *.tar`,
    });
    await expect(readImageArchives(join(folder, 'nowhere'))).rejects.toMatchObject({
      code: 'E_IMAGE_ARCHIVE',
    });
  });

  it.each([
    ['compressed', 'is compressed', named('a:1').then((bytes) => gzipSync(bytes))],
    ['cut short', 'ends in the middle of', named('a:1').then((bytes) => bytes.subarray(0, 2048))],
    ['something else', 'has no manifest.json', 'x'.repeat(4096)],
    ['empty', 'has no manifest.json', ''],
    ['of a size below nothing', 'ends in the middle of', named('a:1').then(shrunk)],
    ['with images that have no names', 'holds images without names', named()],
    ['with a list that is none', 'has no list of images', saved('{')],
    ['with a list of something else', 'has no list of images', saved('[1]')],
  ])('are refused when one is %s', async (_name, message, content) => {
    const file = join(folder, 'one.tar');
    writeFileSync(file, await content);
    await expect(readImageArchives(folder)).rejects.toMatchObject({
      code: 'E_IMAGE_ARCHIVE',
      message: expect.stringContaining(`${file} ${message}`) as string,
      hint: expect.stringMatching(/./) as string,
    });
  });

  it.each([
    ['a folder', 'mkdir'],
    ['a pipe', 'mkfifo'],
  ])('are refused when one is %s', async (_name, make) => {
    execFileSync(make, [join(folder, 'one.tar')]);
    await expect(readImageArchives(folder)).rejects.toMatchObject({
      code: 'E_IMAGE_ARCHIVE',
      message: `${join(folder, 'one.tar')} is no file`,
    });
  });
});
