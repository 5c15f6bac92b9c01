import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { TarEntry } from 'modern-tar';
import { describe, expect, it } from 'vitest';
import { aStore, anArchive, anArtifact, elf, failure, mirror, serving, sha256 } from './mirror.ts';

const folder = 'etcd-v3.3.17-linux-amd64';
const etcd = elf(700_000, 1);
const etcdctl = elf(400_000, 2);

const file = (name: string, body: Uint8Array, mode = 0o755): TarEntry => ({
  header: { name, size: body.length, mode, type: 'file' },
  body,
});

const wholesome: TarEntry[] = [
  { header: { name: `${folder}/`, size: 0, type: 'directory' } },
  file(`${folder}/README.md`, Buffer.from('read me')),
  file(`${folder}/etcd`, etcd),
  { header: { name: `${folder}/link`, size: 0, type: 'symlink', linkname: '/etc/passwd' } },
  file(`${folder}/etcdctl`, etcdctl),
];

/** One bit of the time of `etcd`, which only the header's own checksum can tell. */
function damagedHeader(content: Buffer): Buffer {
  const tar = gunzipSync(content);
  const mtime = tar.indexOf(`${folder}/etcd`) + 136;
  tar[mtime + 5] = (tar[mtime + 5] ?? 0) ^ 1;
  return gzipSync(tar);
}

describe('member', () => {
  it('unpacks the named members and nothing else', async () => {
    const { artifact, content } = await anArchive(wholesome);
    const server = await mirror(serving(content));
    const store = aStore({ mirrors: [server.url] });

    const [one, two] = await Promise.all([store.member(artifact, 'etcd'), store.member(artifact, 'etcdctl')]);

    expect(sha256(readFileSync(one.file))).toBe(sha256(etcd));
    expect(one).toMatchObject({ size: etcd.length, sha256: sha256(etcd) });
    expect(sha256(readFileSync(two.file))).toBe(sha256(etcdctl));
    expect(server.requests).toHaveLength(1);
    const members = readdirSync(join(store.folder, 'cache', sha256(content), 'members'));
    expect(members.sort()).toEqual(['etcd', 'etcd.checked', 'etcdctl', 'etcdctl.checked']);
  });

  it('accepts names that begin with ./', async () => {
    const { artifact, content } = await anArchive([file('./bridge', etcd)], {
      archive: { folder: '', members: ['bridge'] },
    });
    const server = await mirror(serving(content));
    expect(await aStore({ mirrors: [server.url] }).member(artifact, 'bridge')).toMatchObject({
      sha256: sha256(etcd),
    });
  });

  it('remembers the sums of members for plans, bound to their archive', async () => {
    const { artifact, content } = await anArchive(wholesome);
    const server = await mirror(serving(content));
    const store = aStore({ mirrors: [server.url] });
    expect(store.expected(artifact, 'etcd')).toBeUndefined();
    await store.member(artifact, 'etcd');
    const later = aStore({ lockFile: join(store.folder, 'k8s-bootstrap.lock.yaml') });
    expect(later.expected(artifact, 'etcd')).toBe(sha256(etcd));
    expect(later.expected({ ...artifact, checksum: sha256(elf(1)) }, 'etcd')).toBeUndefined();
  });

  it('unpacks again what was damaged or removed in the cache', async () => {
    const { artifact, content } = await anArchive(wholesome);
    const server = await mirror(serving(content));
    const store = aStore({ mirrors: [server.url] });
    const cacheFolder = join(store.folder, 'cache');
    const stored = await store.member(artifact, 'etcd');
    for (const harm of [
      () => {
        writeFileSync(stored.file, 'x');
      },
      () => {
        rmSync(stored.file);
      },
    ]) {
      harm();
      const again = await aStore({ mirrors: [server.url], cacheFolder }).member(artifact, 'etcd');
      expect(sha256(readFileSync(again.file))).toBe(sha256(etcd));
    }
    expect(server.requests).toHaveLength(1);
  });

  it('refuses a name that is no member', async () => {
    const { artifact } = await anArchive(wholesome);
    expect(await failure(aStore().member(artifact, '../etcd'))).toMatchObject({ code: 'E_ARTIFACT' });
    expect(await failure(aStore().member(anArtifact(etcd), 'etcd'))).toMatchObject({ code: 'E_ARTIFACT' });
  });
});

describe('a hostile archive', () => {
  const link = (type: 'symlink' | 'link'): TarEntry => ({
    header: { name: `${folder}/etcd`, size: 0, type, linkname: '/etc/shadow' },
  });
  it.each<[string, TarEntry[], RegExp]>([
    ['a symbolic link for a member', [link('symlink'), ...wholesome.slice(4)], /is a symlink/],
    ['a hard link for a member', [link('link'), ...wholesome.slice(4)], /is a link/],
    [
      'a folder for a member',
      [{ header: { name: `${folder}/etcd`, size: 0, type: 'directory' } }],
      /is a directory|does not contain/,
    ],
    ['a set-uid member', [file(`${folder}/etcd`, etcd, 0o4755)], /has mode 4755/],
    ['a set-gid member', [file(`${folder}/etcd`, etcd, 0o2755)], /has mode 2755/],
    ['a path that climbs', [...wholesome, file(`${folder}/../../etcd`, etcd)], /leads out of the archive/],
    ['an absolute path', [...wholesome, file('/etc/cron.d/etcd', etcd)], /leads out of the archive/],
    ['a member that comes twice', [...wholesome, file(`${folder}/etcd`, etcdctl)], /is there twice/],
    ['a member that is missing', wholesome.slice(0, 3), /does not contain etcdctl/],
  ])('with %s is refused', async (_title, entries, message) => {
    const { artifact, content } = await anArchive(entries);
    const server = await mirror(serving(content));
    const store = aStore({ mirrors: [server.url] });
    const error = await failure(store.member(artifact, 'etcd'));
    expect(error.code).toBe('E_ARCHIVE');
    expect(error.message).toMatch(message);
    expect(store.expected(artifact, 'etcd')).toBeUndefined();
    expect(existsSync('/etc/cron.d/etcd')).toBe(false);
  });

  it.each<[string, (content: Buffer) => Buffer]>([
    ['cut off', (content) => content.subarray(0, content.length - 200)],
    ['cut off within the tar', (content) => gzipSync(gunzipSync(content).subarray(0, 500_000))],
    ['damaged in a header', damagedHeader],
    ['no gzip at all', () => elf(100)],
    ['no tar inside', () => gzipSync(elf(5000))],
  ])('that is %s is refused', async (_title, spoil) => {
    const { artifact, content } = await anArchive(wholesome);
    const spoilt = spoil(content);
    const server = await mirror(serving(spoilt));
    const store = aStore({ mirrors: [server.url] });
    const error = await failure(store.member({ ...artifact, checksum: sha256(spoilt) }, 'etcd'));
    expect(error.code).toBe('E_ARCHIVE');
    const members = join(store.folder, 'cache', sha256(spoilt), 'members');
    if (existsSync(members))
      expect(readdirSync(members).filter((name) => /\.[0-9a-f]{12}$/.test(name))).toEqual([]);
  });
});
