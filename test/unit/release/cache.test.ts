import { createHash } from 'node:crypto';
import {
  chmodSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openNoteKey } from '../../../src/release/note-key.ts';
import {
  aStore,
  anArchive,
  anArtifact,
  answering,
  elf,
  failure,
  mirror,
  serving,
  sha256,
  temporaryFolder,
} from './mirror.ts';

const content = elf();
const artifact = anArtifact(content);

/** The name under which an unfinished download waits for the next run. */
const leftover = (folder: string, sum: string): string => {
  const key = createHash('sha256').update(`${artifact.path}\n${sum}`).digest('hex').slice(0, 32);
  mkdirSync(join(folder, 'cache/partial'), { recursive: true });
  return join(folder, 'cache/partial', `${key}.left`);
};

describe('cache', () => {
  it('downloads once for concurrent and for later callers', async () => {
    const server = await mirror(serving(content));
    const store = aStore({ mirrors: [server.url] });
    const all = await Promise.all(Array.from({ length: 20 }, () => store.fetch({ ...artifact })));
    await store.fetch(artifact);
    expect(new Set(all.map(({ file }) => file)).size).toBe(1);
    expect(server.requests).toHaveLength(1);
  });

  it('is shared between runs', async () => {
    const server = await mirror(serving(content));
    const store = aStore({ mirrors: [server.url] });
    await store.fetch(artifact);
    await aStore({ mirrors: [server.url], cacheFolder: join(store.folder, 'cache') }).fetch(artifact);
    expect(server.requests).toHaveLength(1);
  });

  it('tries again after a failure', async () => {
    const server = await mirror((request, response, count) => {
      (count === 1 ? answering(404) : serving(content))(request, response, count);
    });
    const store = aStore({ mirrors: [server.url] });
    await failure(store.fetch(artifact));
    await expect(store.fetch(artifact)).resolves.toMatchObject({ size: content.length });
  });

  it.each([
    ['same size, other time', elf(300_000, 1)],
    ['other size', elf(10)],
  ])('downloads again what was damaged (%s)', async (_title, damage) => {
    const server = await mirror(serving(content));
    const store = aStore({ mirrors: [server.url] });
    const { file } = await store.fetch(artifact);
    writeFileSync(file, damage);
    utimesSync(file, 1, 1);
    await aStore({ mirrors: [server.url], cacheFolder: join(store.folder, 'cache') }).fetch(artifact);
    expect(sha256(readFileSync(file))).toBe(sha256(content));
    expect(server.requests).toHaveLength(2);
  });

  it('keeps a file that was only touched', async () => {
    const server = await mirror(serving(content));
    const store = aStore({ mirrors: [server.url] });
    const { file } = await store.fetch(artifact);
    utimesSync(file, 1, 1);
    await aStore({ mirrors: [server.url], cacheFolder: join(store.folder, 'cache') }).fetch(artifact);
    expect(server.requests).toHaveLength(1);
  });

  it('survives a damaged note', async () => {
    const server = await mirror(serving(content));
    const store = aStore({ mirrors: [server.url] });
    const { file } = await store.fetch(artifact);
    writeFileSync(`${file}.checked`, '{"sha256":');
    await aStore({ mirrors: [server.url], cacheFolder: join(store.folder, 'cache') }).fetch(artifact);
    expect(server.requests).toHaveLength(1);
  });

  it('says when the disk is full', async () => {
    const server = await mirror(serving(content));
    const store = aStore({ mirrors: [server.url] });
    // Every write to this device fails with ENOSPC.
    symlinkSync('/dev/full', leftover(store.folder, sha256(content)));
    expect(await failure(store.fetch(artifact))).toMatchObject({ code: 'E_DISK_FULL' });
    expect(server.requests).toHaveLength(1);
  });

  it.skipIf(process.getuid?.() === 0)('says when its folder cannot be written', async () => {
    const server = await mirror(serving(content));
    const folder = temporaryFolder();
    chmodSync(folder, 0o500);
    const store = aStore({ mirrors: [server.url], cacheFolder: join(folder, 'cache') });
    expect(await failure(store.fetch(artifact))).toMatchObject({ code: 'E_CACHE' });
  });

  it('says when its folder is a file', async () => {
    const server = await mirror(serving(content));
    const file = join(temporaryFolder(), 'cache');
    writeFileSync(file, '');
    expect(await failure(aStore({ mirrors: [server.url], cacheFolder: file }).fetch(artifact))).toMatchObject(
      {
        code: 'E_CACHE',
      },
    );
  });

  it('unpacks again what came with a note that we did not write', async () => {
    const body = elf(2000, 3);
    const { artifact: packed, content: archive } = await anArchive(
      [{ header: { name: 'etcd', size: body.length, mode: 0o755, type: 'file' }, body }],
      { archive: { folder: '', members: ['etcd'] } },
    );
    const server = await mirror(serving(archive));
    const first = aStore({ mirrors: [server.url] });
    const { file } = await first.member(packed, 'etcd');
    const planted = elf(2000, 4);
    writeFileSync(file, planted);
    const { size, mtimeMs, ctimeMs } = statSync(file);
    const note = JSON.parse(readFileSync(`${file}.checked`, 'utf8')) as object;
    const forged = { ...note, size, mtimeMs, ctimeMs, sha256: sha256(planted) };
    writeFileSync(`${file}.checked`, JSON.stringify(forged));
    const cacheFolder = join(first.folder, 'cache');
    const keyFolder = join(first.folder, 'key');
    const again = await aStore({ mirrors: [server.url], cacheFolder, keyFolder }).member(packed, 'etcd');
    expect(again.sha256).toBe(sha256(body));
    expect(sha256(readFileSync(again.file))).toBe(again.sha256);
  });

  it.each([true, false])('finds what was changed behind the back of a note (its own: %s)', async (own) => {
    const server = await mirror(serving(content));
    const store = aStore({ mirrors: [server.url] });
    const cacheFolder = join(store.folder, 'cache');
    const keyFolder = join(store.folder, 'key');
    const { file } = await store.fetch(artifact);
    utimesSync(file, 1, 1);
    await aStore({ mirrors: [server.url], cacheFolder, keyFolder }).fetch(artifact);
    writeFileSync(file, elf(300_000, 8));
    utimesSync(file, 1, 1);
    const { size, mtimeMs, ctimeMs } = statSync(file);
    const note = JSON.parse(readFileSync(`${file}.checked`, 'utf8')) as object;
    if (!own) writeFileSync(`${file}.checked`, JSON.stringify({ ...note, size, mtimeMs, ctimeMs }));
    await aStore({ mirrors: [server.url], cacheFolder, keyFolder }).fetch(artifact);
    expect(sha256(readFileSync(file))).toBe(sha256(content));
  });

  it.each<[string, (file: string) => void]>([
    [
      'can be read by others',
      (file) => {
        chmodSync(file, 0o644);
      },
    ],
    [
      'is cut off',
      (file) => {
        truncateSync(file, 7);
      },
    ],
  ])('signs with another key than one that %s', async (_what, spoil) => {
    const folder = temporaryFolder();
    const first = await openNoteKey(folder).sign('a');
    const file = join(folder, 'cache.key');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(await openNoteKey(folder).sign('a')).toBe(first);
    spoil(file);
    const next = await openNoteKey(folder).sign('a');
    expect(next).not.toBe(first);
    expect(await openNoteKey(folder).sign('a')).toBe(next);
  });
});
