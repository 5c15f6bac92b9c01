import { basename } from 'node:path';
import type { NeededImage } from '../../answers/addons.ts';
import { readInventory } from '../../cluster/read-inventory.ts';
import type { RunOptions } from '../../cluster/visit.ts';
import type { Inventory } from '../../inventory/types.ts';
import { type ImageArchive, preloadedImages } from '../../release/image-archive.ts';
import { fullName } from '../../resources/image-tag.ts';

/** Every image that an inventory needs, for a mirror or an archive to be filled with; no host is asked. */
export async function listImages({
  file,
  env,
  secrets,
  emit,
}: Pick<RunOptions, 'file' | 'env' | 'secrets' | 'emit'>): Promise<number> {
  const { inventory } = await readInventory(file, env, secrets);
  const { archives, problem } = await preloadedImages(inventory.images.preload);
  if (problem) throw problem;
  emit({ type: 'result', answer: 'images-list', data: { images: neededImages(inventory, archives) } });
  return 0;
}

/** By who asks for them: what holds pods first, then names, volumes, add-ons in their order. */
export function neededImages(
  { images, dns, nfs, addons }: Inventory,
  archives: readonly ImageArchive[] = [],
): NeededImage[] {
  const named: readonly (readonly [string, string])[] = [
    ['every pod', images.pause],
    ...(dns.provider === 'coredns' ? [['coredns', dns.image] as const] : []),
    ...(nfs?.provisioner ? [['nfs-provisioner', nfs.provisioner.image] as const] : []),
    ...addons.flatMap(({ name, images: own }) => Object.values(own).map((image) => [name, image] as const)),
  ];
  return named.map(([who, image]) => ({
    image,
    for: who,
    from: images.mirrors[image] ?? null,
    archive: bringing(archives, image),
    digest: /@(sha256:[0-9a-f]{64})$/.exec(images.mirrors[image] ?? image)?.[1] ?? null,
  }));
}

function bringing(archives: readonly ImageArchive[], image: string): string | null {
  const found = archives.find(({ names }) => names.some((name) => fullName(name) === fullName(image)));
  return found ? basename(found.file) : null;
}
