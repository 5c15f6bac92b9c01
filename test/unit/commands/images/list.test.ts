import { expect, it } from 'vitest';
import { neededImages } from '../../../../src/commands/images/list.ts';
import { worldOf } from '../../phases/world.ts';

const DIGEST = `sha256:${'0a'.repeat(32)}`;

it('has every image of an inventory, who asks for it, what is pulled in its stead, and the archive that brings it', () => {
  const { inventory } = worldOf({
    inventory: {
      addons: { 'metrics-server': { images: { 'metrics-server': `example.com/m@${DIGEST}` } } },
      images: { mirrors: { 'k8s.gcr.io/pause:3.1': 'example.com/pause:3.1' } },
    },
  });
  const archive = { file: '/srv/names.tar', size: 1, names: ['k8s.gcr.io/coredns:1.6.2'] };
  expect(neededImages(inventory, [archive])).toEqual([
    {
      image: 'k8s.gcr.io/pause:3.1',
      for: 'every pod',
      from: 'example.com/pause:3.1',
      archive: null,
      digest: null,
    },
    { image: 'k8s.gcr.io/coredns:1.6.2', for: 'coredns', from: null, archive: 'names.tar', digest: null },
    { image: `example.com/m@${DIGEST}`, for: 'metrics-server', from: null, archive: null, digest: DIGEST },
  ]);
});

it('has none for what is not there', () => {
  const { inventory } = worldOf({ inventory: { dns: { provider: 'none' } } });
  expect(neededImages(inventory).map((one) => one.for)).toEqual(['every pod']);
});
