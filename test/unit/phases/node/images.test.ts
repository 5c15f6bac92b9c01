import { expect, it } from 'vitest';
import { preflightFindings } from '../../../../src/preflight/preflight.ts';
import { preloadedImages } from '../../../../src/release/image-archive.ts';
import { imagesPhase } from '../../../../src/phases/node/images.ts';
import type { Resource } from '../../../../src/resources/resource.ts';
import { hostOf, sight, worldOf } from '../world.ts';

const images = {
  preload: '/srv/images',
  mirrors: { 'quay.io/a:1': 'example.com/a:1', busybox: 'example.com/busybox:1' },
};
const world = {
  ...worldOf({ inventory: { images } }),
  preloaded: {
    archives: [{ file: '/srv/images/some.tar', size: 3, names: ['busybox:latest', 'example.com/b:1'] }],
  },
};

const on = (runtime: 'docker' | 'containerd'): readonly Resource[] => {
  const host = { ...hostOf(world, 'w1'), runtime };
  return imagesPhase.resources(world, host);
};
const diffOf = (resource: Resource | undefined, output: string): unknown =>
  resource?.diff(sight({ answers: { 'images:docker': { code: 0, output } } }), new Map()).kind;

it('are brought in archives to nodes that lack a name of them, and are not pulled as well', () => {
  const [archive, mirror, ...more] = on('docker');
  expect([archive?.id, mirror?.id, more]).toEqual(['images:some.tar', 'image:quay.io/a:1', []]);
  expect(diffOf(archive, 'busybox:latest\n')).toBe('create');
  expect(diffOf(archive, 'docker.io/library/busybox:latest\nexample.com/b:1\n')).toBe('none');
});

it('are asked of every node as soon as there is a folder', () => {
  const { preload } = images;
  expect(imagesPhase.hosts(worldOf({ inventory: { images: { preload } } })).map(({ name }) => name)).toEqual([
    'm1',
    'w1',
    'w2',
  ]);
  expect(imagesPhase.hosts(worldOf())).toEqual([]);
});

it('that cannot be read are in the way of a run, told once, and of nothing else', async () => {
  const preloaded = await preloadedImages('/nowhere');
  const found = preflightFindings({ ...worldOf({ seen: { m1: {}, w1: {} } }), preloaded });
  expect(
    found.filter(({ id }) => id === 'images').map(({ host, level, message }) => [host, level, message]),
  ).toEqual([['m1', 'error', expect.stringMatching(/^images\.preload: \/nowhere: ENOENT/)]]);
  expect(await preloadedImages(undefined)).toEqual({ archives: [] });
});
