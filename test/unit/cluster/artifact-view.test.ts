import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { ArtifactStore } from '../../../src/release/artifact-store.ts';
import { artifactView } from '../../../src/cluster/artifact-view.ts';
import { memberKey } from '../../../src/release/pins.ts';
import { loadRelease } from '../../../src/release/release.ts';
import { aStore, temporaryFolder } from '../release/mirror.ts';

const settings = {
  mirrors: ['https://mirror.example.com'],
  onlyMirrors: true,
  fetch: 'host',
  cache: undefined,
  checksums: undefined,
} as const;
const artifact = loadRelease('v1.16.15').artifact('kube-proxy', 'amd64');

it('hosts fetch nothing of which only the SHA-512 of its archive is known', () => {
  const view = artifactView(aStore(), settings);
  expect(() => view.source(artifact)).toThrow(
    expect.objectContaining({
      code: 'E_CHECKSUM_UNKNOWN',
      message:
        'no checksum is known of kube-proxy v1.16.15 (amd64), and hosts fetch only what is pinned by SHA-256',
      hint: expect.stringContaining('artifacts.fetch to controller once') as string,
    }),
  );
});

it('hosts fetch the binary alone once the controller has had it out of its archive', () => {
  const { within } = artifact;
  if (within === undefined) throw new Error('a binary of no archive');
  const lockFile = join(temporaryFolder(), 'lock.yaml');
  const [archive, member] = ['a'.repeat(64), 'b'.repeat(64)];
  writeFileSync(
    lockFile,
    [
      `${within.path}: ${archive}`,
      `${within.path}#sha512:${String(within.checksum)}: ${archive}`,
      `${memberKey(within, 'kube-proxy')}: ${member}`,
    ].join('\n'),
  );
  const view = artifactView(aStore({ lockFile }), settings);
  expect(view.expected(artifact)).toBe(member);
  expect(view.source(artifact)).toEqual({
    urls: ['https://mirror.example.com/release/v1.16.15/bin/linux/amd64/kube-proxy'],
    sha256: member,
    member: undefined,
  });
});

it('what is known only once an archive was fetched is fetched once, before the first change', async () => {
  const fetched: string[] = [];
  const file = { file: '', size: 0, sha256: '' };
  const store = {
    isInArchive: ({ name }) => name !== 'kubelet',
    fetch: ({ name }) => {
      fetched.push(name);
      return Promise.resolve(file);
    },
    member: (_, name) => {
      fetched.push(`member ${name}`);
      return Promise.resolve(file);
    },
  } as Partial<ArtifactStore> as ArtifactStore;
  const view = artifactView(store, { ...settings, fetch: 'controller' });
  await view.settle();
  const kubelet = loadRelease('v1.16.15').artifact('kubelet', 'amd64');
  expect([artifact, artifact, kubelet].map((one) => view.comes(one))).toEqual([true, true, false]);
  await view.settle();
  await view.settle();
  expect(fetched).toEqual(['kube-proxy']);
  const helm = loadRelease('v1.16.15').artifact('helm', 'amd64', 'v3.2.4');
  expect(artifactView(store, { ...settings, fetch: 'host' }).comes(helm, 'helm')).toBe(false);
  expect([view.comes(helm, 'helm'), view.comes(helm, 'helm')]).toEqual([true, true]);
  await view.settle();
  expect(fetched).toEqual(['kube-proxy', 'member helm']);
});
