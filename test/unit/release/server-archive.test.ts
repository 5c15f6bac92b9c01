import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Artifact } from '../../../src/release/artifact.ts';
import { publishedChecksums } from '../../../src/release/checksums.ts';
import {
  aStore,
  anArchive,
  anArtifact,
  elf,
  failure,
  folderMirror,
  mirror,
  servingFiles,
  sha256,
  sha512,
  temporaryFolder,
} from './mirror.ts';

const FOLDER = 'kubernetes/server/bin/';
const ARCHIVE = 'release/v1.16.3/kubernetes-server-linux-amd64.tar.gz';
const kubelet = elf(300_000, 1);
const proxy = elf(200_000, 2);

/** A kubelet whose own checksum nobody knows, and the archive it is in, pinned by SHA-512. */
async function packed(body = kubelet): Promise<{ artifact: Artifact; within: Artifact; content: Buffer }> {
  const entry = (name: string, data: Buffer): Parameters<typeof anArchive>[0][number] => ({
    header: { name: FOLDER + name, size: data.length, mode: 0o755, type: 'file' },
    body: data,
  });
  const { artifact, content } = await anArchive(
    [entry('kubelet', body), entry('kube-apiserver.tar', elf(500)), entry('kube-proxy', proxy)],
    {
      name: 'kubernetes-server',
      path: ARCHIVE,
      archive: { folder: FOLDER, members: ['kubelet', 'kube-proxy'] },
    },
  );
  const within = { ...artifact, checksum: sha512(content) };
  return { artifact: anArtifact(undefined, { within }), within, content };
}

const lockIn = (folder: string): string => join(folder, 'k8s-bootstrap.lock.yaml');

describe('a binary without a checksum of its own', () => {
  it('comes out of the archive that it is in, verified, from a mirror over plain http too', async () => {
    const { artifact, within, content } = await packed();
    const server = await mirror(servingFiles({ [ARCHIVE]: content }));
    const trusted: unknown[] = [];
    const store = aStore({ mirrors: [server.url], onTrust: (told) => trusted.push(told) });
    const other = { ...artifact, name: 'kube-proxy', path: artifact.path.replace('kubelet', 'kube-proxy') };

    expect(() => {
      store.admit(artifact);
    }).not.toThrow();
    const [one, two] = await Promise.all([store.fetch(artifact), store.fetch(other)]);

    expect(sha256(readFileSync(one.file))).toBe(sha256(kubelet));
    expect(one).toMatchObject({ size: kubelet.length, sha256: sha256(kubelet) });
    expect(two).toMatchObject({ size: proxy.length, sha256: sha256(proxy) });
    expect(server.requests.map(({ url }) => url)).toEqual([`/${within.path}`]);
    expect(trusted).toEqual([]);
  });

  it('is refused with its archive when that is another, and nothing is kept', async () => {
    const { artifact, within } = await packed();
    const { content: other } = await packed(elf(300_000, 9));
    // What a server says of its own file is not asked for.
    const own = Buffer.from(sha256(other));
    const server = await mirror(servingFiles({ [ARCHIVE]: other, [`${ARCHIVE}.sha256`]: own }));
    const store = aStore({ mirrors: [server.url] });

    const error = await failure(store.fetch(artifact));

    expect(error.code).toBe('E_CHECKSUM');
    expect(error.message).toBe(
      `${server.url}/${ARCHIVE} has SHA-512 ${sha512(other)}, expected ${String(within.checksum)}`,
    );
    expect(server.requests.map(({ url }) => url)).toEqual([`/${ARCHIVE}`]);
    expect(readdirSync(join(store.folder, 'cache'))).toEqual(['partial']);
    expect(readdirSync(join(store.folder, 'cache/partial'))).toEqual([]);
    expect(existsSync(lockIn(store.folder))).toBe(false);
    expect(store.expected(artifact)).toBeUndefined();
  });

  it.each(['release', 'inventory', 'lock file'])('is not one that the %s pins', async (by) => {
    const { artifact, content } = await packed();
    const own = elf(1000, 5);
    const server = await mirror(servingFiles({ [artifact.path]: own, [ARCHIVE]: content }));
    const sums = join(temporaryFolder(), 'sums.yaml');
    writeFileSync(sums, `${artifact.path}: ${sha256(own)}\n`);
    const store = aStore({
      mirrors: [server.url],
      ...(by === 'inventory' && { checksumsFile: sums }),
      ...(by === 'lock file' && { lockFile: sums }),
    });
    const wanted = by === 'release' ? { ...artifact, checksum: sha256(own) } : artifact;
    expect(store.expected(wanted)).toBe(sha256(own));
    expect(await store.fetch(wanted)).toMatchObject({ sha256: sha256(own) });
    expect(server.requests.map(({ url }) => url)).toEqual([`/${artifact.path}`]);
  });

  it('is taken on trust as before where nothing is known of its archive either', async () => {
    const { artifact, within } = await packed();
    const unpinned = { ...artifact, within: { ...within, checksum: undefined } };
    const store = aStore({ mirrors: [folderMirror(kubelet, artifact.path)] });
    expect(await store.fetch(unpinned)).toMatchObject({ sha256: sha256(kubelet) });
    expect(store.expected(unpinned)).toBe(sha256(kubelet));
  });

  it('comes out of an archive that the inventory pins', async () => {
    const { artifact, within, content } = await packed();
    const checksumsFile = join(temporaryFolder(), 'sums.yaml');
    writeFileSync(checksumsFile, `${ARCHIVE}: ${sha256(content)}\n`);
    const store = aStore({ mirrors: [folderMirror(content, ARCHIVE)], checksumsFile });
    const unpinned = { ...artifact, within: { ...within, checksum: undefined } };
    expect(await store.fetch(unpinned)).toMatchObject({ sha256: sha256(kubelet) });
  });
});

describe('what a host has of another version', () => {
  it('is known by its checksum: of the inventory, the release, or an earlier download', async () => {
    const { artifact, content } = await packed();
    const [published = ''] = publishedChecksums().values();
    const checksumsFile = join(temporaryFolder(), 'sums.yaml');
    writeFileSync(checksumsFile, `own: ${sha256(proxy)}\n`);
    const store = aStore({ mirrors: [folderMirror(content, ARCHIVE)], checksumsFile });
    const known = (): boolean[] =>
      [sha256(proxy), published, sha256(kubelet)].map((sum) => store.isKnown(sum));
    expect([...known(), store.isInArchive(artifact)]).toEqual([true, true, false, true]);
    await store.fetch(artifact);
    expect([...known(), store.isInArchive(artifact)]).toEqual([true, true, true, false]);
  });
});

describe('a member of an archive', () => {
  it('is known once the archive was fetched, which is worth it where that is pinned', async () => {
    const { within, content } = await packed();
    const store = aStore({ mirrors: [folderMirror(content, ARCHIVE)] });
    expect(store.isInArchive(within, 'kubelet')).toBe(true);
    expect(store.isInArchive({ ...within, checksum: undefined }, 'kubelet')).toBe(false);
    await store.member(within, 'kubelet');
    expect(store.isInArchive(within, 'kubelet')).toBe(false);
  });
});

describe('the lock file', () => {
  it('has what a later run has to know of the archive and all in it, which then asks nobody', async () => {
    const { artifact, within, content } = await packed();
    const first = aStore({ mirrors: [folderMirror(content, ARCHIVE)] });
    expect(first.expected(artifact)).toBeUndefined();
    await first.fetch(artifact);

    const server = await mirror(servingFiles({}));
    const later = aStore({
      mirrors: [server.url],
      lockFile: lockIn(first.folder),
      cacheFolder: join(first.folder, 'cache'),
    });
    expect(later.expected(artifact)).toBe(sha256(kubelet));
    expect(later.expected({ ...artifact, name: 'kube-proxy', path: 'kube-proxy' })).toBe(sha256(proxy));
    expect(later.expected(within)).toBe(sha256(content));
    expect(await later.fetch(artifact)).toMatchObject({ sha256: sha256(kubelet) });
    expect(server.requests).toEqual([]);
  });

  it('says nothing of an archive that has to be another', async () => {
    const { artifact, content } = await packed();
    const store = aStore({ mirrors: [folderMirror(content, ARCHIVE)] });
    await store.fetch(artifact);
    const { artifact: other, within } = await packed(elf(300_000, 9));
    expect(store.expected(other)).toBeUndefined();
    expect(store.expected(within)).toBeUndefined();
  });

  it('cannot say that what lies in the cache is what a SHA-512 says', async () => {
    const { artifact, within, content } = await packed();
    const { content: other } = await packed(elf(300_000, 9));
    const server = await mirror(servingFiles({ [ARCHIVE]: content }));
    const store = aStore({ mirrors: [server.url] });
    const lying = join(store.folder, 'cache', sha256(other), 'kubernetes-server-linux-amd64.tar.gz');
    mkdirSync(dirname(lying), { recursive: true });
    writeFileSync(lying, other);
    const key = `${ARCHIVE}#sha512:${String(within.checksum)}`;
    writeFileSync(lockIn(store.folder), `${key}: ${sha256(other)}\n${ARCHIVE}: ${sha256(other)}\n`);

    const again = aStore({
      mirrors: [server.url],
      lockFile: lockIn(store.folder),
      cacheFolder: join(store.folder, 'cache'),
    });
    expect(await again.fetch(artifact)).toMatchObject({ sha256: sha256(kubelet) });
    expect(server.requests).toHaveLength(1);
    expect(again.expected(within)).toBe(sha256(content));
  });
});

describe('an artifact that is pinned by SHA-512', () => {
  const binary = anArtifact(undefined, { checksum: sha512(kubelet) });

  it('is resumed where an earlier run left it', async () => {
    const server = await mirror(servingFiles({ [binary.path]: kubelet }));
    const store = aStore({ mirrors: [server.url] });
    const key = createHash('sha256')
      .update(`${binary.path}\n${sha512(kubelet)}`)
      .digest('hex')
      .slice(0, 32);
    mkdirSync(join(store.folder, 'cache/partial'), { recursive: true });
    writeFileSync(join(store.folder, 'cache/partial', `${key}.left`), kubelet.subarray(0, 5000));
    const stored = await store.fetch(binary);
    expect(sha256(readFileSync(stored.file))).toBe(sha256(kubelet));
    expect(server.requests.map(({ headers }) => headers.range)).toEqual(['bytes=5000-']);
  });

  it.each(['release', 'inventory'])('by the %s is hashed once, and then known by our note', async (by) => {
    const server = await mirror(servingFiles({ [binary.path]: kubelet }));
    const checksumsFile = join(temporaryFolder(), 'sums.yaml');
    writeFileSync(checksumsFile, `${binary.path}: ${sha512(kubelet)}\n`);
    const store = aStore({ mirrors: [server.url], ...(by === 'inventory' && { checksumsFile }) });
    const { file } = await store.fetch(by === 'inventory' ? { ...binary, checksum: undefined } : binary);
    const { ino } = statSync(`${file}.checked`);

    const later = aStore({
      lockFile: lockIn(store.folder),
      keyFolder: join(store.folder, 'key'),
      cacheFolder: join(store.folder, 'cache'),
    });
    expect(later.expected(binary)).toBe(sha256(kubelet));
    expect(await later.fetch(binary)).toMatchObject({ file, sha256: sha256(kubelet) });
    expect(statSync(`${file}.checked`).ino).toBe(ino);
  });

  it.each([63, 127, 129])('has a checksum of the right length, not of %i digits', (digits) => {
    const checksumsFile = join(temporaryFolder(), 'sums.yaml');
    writeFileSync(checksumsFile, `${binary.path}: ${'a'.repeat(digits)}\n`);
    expect(() => aStore({ checksumsFile })).toThrow(
      expect.objectContaining({
        code: 'E_CHECKSUMS_FILE',
        message: expect.stringContaining('no checksum') as string,
      }),
    );
  });
});
