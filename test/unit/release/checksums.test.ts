import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  aStore,
  anArtifact,
  elf,
  failure,
  folderMirror,
  mirror,
  serving,
  sha256,
  temporaryFolder,
} from './mirror.ts';

const content = elf();
const artifact = anArtifact(content);

const partials = (folder: string): string[] => readdirSync(join(folder, 'cache/partial'));

describe('checksums', () => {
  it('refuses other content, names both sums and the source, and keeps nothing', async () => {
    const other = elf(1000, 9);
    const bad = await mirror(serving(other));
    const good = await mirror(serving(content));
    const store = aStore({ mirrors: [bad.url, good.url] });
    const error = await failure(store.fetch(artifact));
    expect(error.code).toBe('E_CHECKSUM');
    expect(error.message).toBe(
      `${bad.url}/${artifact.path} has SHA-256 ${sha256(other)}, expected ${sha256(content)}`,
    );
    expect(good.requests).toHaveLength(0);
    expect(readdirSync(join(store.folder, 'cache'))).toEqual(['partial']);
    expect(partials(store.folder)).toEqual([]);
  });

  it('lets the checksums of the inventory replace those of the release', async () => {
    const own = elf(1000, 5);
    const folder = temporaryFolder();
    const checksumsFile = join(folder, 'checksums.yaml');
    writeFileSync(checksumsFile, `${artifact.path}: ${sha256(own)}\n`);
    const lab = await mirror(serving(own));
    const store = aStore({ mirrors: [lab.url], checksumsFile });
    expect(store.expected(artifact)).toBe(sha256(own));
    await expect(store.fetch(artifact)).resolves.toMatchObject({ sha256: sha256(own) });
  });

  it('prefers the pin of the release to the lock file', () => {
    const folder = temporaryFolder();
    const lockFile = join(folder, 'lock.yaml');
    writeFileSync(lockFile, `${artifact.path}: ${sha256(elf(1))}\n`);
    expect(aStore({ lockFile }).expected(artifact)).toBe(sha256(content));
    expect(aStore({ lockFile }).expected({ ...artifact, checksum: undefined })).toBe(sha256(elf(1)));
  });

  it.each(['- a\n', `${artifact.path}: abc\n`, 'a: [\n', 'a: &x 1\nb: *x\n'])(
    'refuses %j as a file of checksums',
    (text) => {
      const checksumsFile = join(temporaryFolder(), 'checksums.yaml');
      writeFileSync(checksumsFile, text);
      expect(() => aStore({ checksumsFile })).toThrow(expect.objectContaining({ code: 'E_CHECKSUMS_FILE' }));
    },
  );
});

describe('lock file', () => {
  const unpinned = anArtifact(undefined);

  it('records what nobody has published, and holds the next download to it', async () => {
    const store = aStore({ mirrors: [folderMirror(content, unpinned.path)] });
    expect(store.expected(unpinned)).toBeUndefined();
    await store.fetch(unpinned);
    expect(store.expected(unpinned)).toBe(sha256(content));
    const lockFile = join(store.folder, 'k8s-bootstrap.lock.yaml');
    expect(readFileSync(lockFile, 'utf8')).toContain(`\n${unpinned.path}: ${sha256(content)}\n`);

    const second = await mirror(serving(elf(300_000, 1)));
    const later = aStore({ mirrors: [second.url], lockFile });
    expect((await failure(later.fetch(unpinned))).code).toBe('E_CHECKSUM');
  });

  it('records several at once without losing one', async () => {
    const names = ['kubelet', 'kubectl', 'kube-proxy', 'kubeadm'];
    const store = aStore({ mirrors: [folderMirror(content, ...names.map((name) => `release/${name}`))] });
    await Promise.all(names.map((name) => store.fetch({ ...unpinned, name, path: `release/${name}` })));
    const text = readFileSync(join(store.folder, 'k8s-bootstrap.lock.yaml'), 'utf8');
    for (const name of names) expect(text).toContain(`release/${name}: `);
  });

  it('does not record what is pinned', async () => {
    const one = await mirror(serving(content));
    const store = aStore({ mirrors: [one.url] });
    await store.fetch(artifact);
    expect(existsSync(join(store.folder, 'k8s-bootstrap.lock.yaml'))).toBe(false);
  });

  it('agrees with what another process has recorded meanwhile, or fails', async () => {
    const store = aStore({ mirrors: [folderMirror(content, unpinned.path)] });
    writeFileSync(join(store.folder, 'k8s-bootstrap.lock.yaml'), `${unpinned.path}: ${sha256(elf(1))}\n`);
    expect((await failure(store.fetch(unpinned))).code).toBe('E_CHECKSUM');
  });

  it('never records a page that stands in for a binary', async () => {
    const page = Buffer.from('<!DOCTYPE html> please log in');
    const store = aStore({ mirrors: [folderMirror(page, unpinned.path)] });
    const error = await failure(store.fetch(unpinned));
    expect(error.code).toBe('E_DOWNLOAD');
    expect(error.message).toContain('answered something else, beginning with "<!DO"');
    expect(store.expected(unpinned)).toBeUndefined();
  });

  it('says what was trusted, and from where', async () => {
    const told: unknown[] = [];
    const folder = folderMirror(content, unpinned.path);
    const store = aStore({ mirrors: [folder], onTrust: (trusted) => told.push(trusted) });
    await store.fetch(unpinned);
    await aStore({ mirrors: [folder], lockFile: join(store.folder, 'k8s-bootstrap.lock.yaml') }).fetch(
      unpinned,
    );
    expect(told).toEqual([
      { artifact: unpinned, sha256: sha256(content), from: join(folder, unpinned.path) },
    ]);
  });
});

describe('plain http', () => {
  const unpinned = anArtifact(undefined);

  it('gives nothing that is not pinned: it is not even asked', async () => {
    const server = await mirror(serving(content));
    const store = aStore({ mirrors: [server.url.replace('//', '//user:hunter2@')] });
    const error = await failure(store.fetch(unpinned));
    expect(error.code).toBe('E_CHECKSUM_UNKNOWN');
    expect(error.message).toBe(
      `no checksum is known of kubelet v1.16.3 (amd64), and ${server.url}/${unpinned.path} is plain http: whoever is on the way could replace it`,
    );
    expect(error.hint).toContain('artifacts.checksums');
    expect(server.requests).toHaveLength(0);
    expect(existsSync(join(store.folder, 'k8s-bootstrap.lock.yaml'))).toBe(false);
    expect(() => {
      store.admit(unpinned);
    }).toThrow(error.message);
  });

  it('is refused beforehand also when other sources come first', () => {
    const mirrors = ['https://mirror.example.com', '/srv/mirror', 'http://mirror.example.com'];
    expect(() => {
      aStore({ mirrors }).admit(unpinned);
    }).toThrow('http://mirror.example.com/');
    expect(() => {
      aStore({ mirrors: mirrors.slice(0, 2), onlyMirrors: false }).admit(unpinned);
    }).not.toThrow();
  });

  it.each(['release', 'inventory', 'lock file'])('gives what the %s pins', async (by) => {
    const server = await mirror(serving(content));
    const sums = join(temporaryFolder(), 'sums.yaml');
    writeFileSync(sums, `${artifact.path}: ${sha256(content)}\n`);
    const store = aStore({
      mirrors: [server.url],
      ...(by === 'inventory' && { checksumsFile: sums }),
      ...(by === 'lock file' && { lockFile: sums }),
    });
    const wanted = by === 'release' ? artifact : unpinned;
    expect(() => {
      store.admit(wanted);
    }).not.toThrow();
    await expect(store.fetch(wanted)).resolves.toMatchObject({ sha256: sha256(content) });
  });
});
