import { basename } from 'node:path';
import { oncePer } from '../../kernel/once-per.ts';
import { digestFile } from '../../release/digest.ts';
import type { ImageArchive } from '../../release/image-archive.ts';
import { fileContent } from '../../resources/content.ts';
import { type Archive, imageArchives } from '../../resources/image-archives.ts';
import { fullName, imageTags, imagesWatch, registryOf } from '../../resources/image-tag.ts';
import type { Host } from '../../inventory/types.ts';
import type { Resource } from '../../resources/resource.ts';
import { kubeletRoot } from '../shared/data-folders.ts';
import { nodes } from '../shared/topology.ts';
import { factsWatches } from '../../facts/facts.ts';
import type { Phase, World } from '../phase.ts';
import { runtimeOf } from './runtime.ts';

/**
 * Images that nodes do not get by asking for them: those in archives are brought to every node; those that are to be had
 * under another name are pulled by it, and given theirs.
 */
export const imagesPhase: Phase = {
  id: 'images',
  title: 'Images from archives and mirrors',
  batch: 'parallel',
  hosts(world) {
    const { mirrors, preload } = world.inventory.images;
    return preload !== undefined || Object.keys(mirrors).length > 0 ? nodes(world) : [];
  },
  watch: () => [...factsWatches(), imagesWatch('docker'), imagesWatch('containerd')],
  resources: (world, host): Resource[] => [
    ...imageArchives(archives(world).map(opened), runtimeOf(world, host)),
    ...imageTags(pulled(world, host)),
  ],
};

const archives = ({ preloaded }: World): readonly ImageArchive[] => preloaded?.archives ?? [];

const opened = (archive: ImageArchive): Archive => ({
  from: basename(archive.file),
  names: archive.names,
  content: () => contentOf(archive),
});

/** An archive of gigabytes is read for its digest once, not for each node. */
const contentOf = oncePer(async ({ file, size }: ImageArchive) =>
  fileContent(file, size, (await digestFile(file, undefined)).sums().sha256),
);

/** What an archive brings is not pulled as well. */
function pulled(world: World, host: Host): Parameters<typeof imageTags>[0] {
  const { images, runtime } = world.inventory;
  const brought = new Set(archives(world).flatMap(({ names }) => names.map(fullName)));
  const missing = Object.entries(images.mirrors).filter(([image]) => !brought.has(fullName(image)));
  return missing.map(([image, from]) => ({
    runtime: runtimeOf(world, host),
    image,
    from,
    insecure: runtime.insecureRegistries.includes(registryOf(from)),
    login: registryOf(from) in runtime.registries ? kubeletRoot(world.inventory) : undefined,
  }));
}
