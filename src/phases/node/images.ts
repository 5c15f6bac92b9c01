import { imageTags, imagesWatch, registryOf } from '../../resources/image-tag.ts';
import type { Host } from '../../inventory/types.ts';
import type { Resource } from '../../resources/resource.ts';
import { kubeletRoot } from '../shared/data-folders.ts';
import { nodes } from '../shared/topology.ts';
import { factsWatches } from '../../facts/facts.ts';
import type { Phase, World } from '../phase.ts';
import { runtimeOf } from './runtime.ts';

/** Images that are to be had under another name only: every node pulls them there and renames them. */
export const imagesPhase: Phase = {
  id: 'images',
  title: 'Images from mirrors',
  batch: 'parallel',
  hosts: (world) => (Object.keys(world.inventory.images.mirrors).length > 0 ? nodes(world) : []),
  watch: () => [...factsWatches(), imagesWatch('docker'), imagesWatch('containerd')],
  resources: (world, host): Resource[] => imageTags(wanted(world, host)),
};

function wanted(world: World, host: Host): Parameters<typeof imageTags>[0] {
  const { images, runtime } = world.inventory;
  return Object.entries(images.mirrors).map(([image, from]) => ({
    runtime: runtimeOf(world, host),
    image,
    from,
    insecure: runtime.insecureRegistries.includes(registryOf(from)),
    login: registryOf(from) in runtime.registries ? kubeletRoot(world.inventory) : undefined,
  }));
}
