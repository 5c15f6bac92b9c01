import * as z from 'zod';
import type { AddonImage } from '../../answers/addons.ts';
import { ONCE } from '../../kernel/once.ts';

const pods = z.object({
  items: z.array(
    z.object({
      spec: z.object({
        nodeName: z.string().optional(),
        containers: z.array(z.object({ image: z.string() })),
      }),
      status: z
        .object({
          containerStatuses: z.array(z.object({ image: z.string(), imageID: z.string() })).optional(),
        })
        .optional(),
    }),
  ),
});

/** What the pods of a list run, by node and image, each once. */
export function imagesIn(list: unknown): AddonImage[] {
  const items = pods.safeParse(list, ONCE).data?.items ?? [];
  const all = items.flatMap(({ spec, status }): AddonImage[] => {
    const node = spec.nodeName ?? null;
    const running = status?.containerStatuses ?? [];
    if (running.length === 0) return spec.containers.map(({ image }) => ({ node, image, id: null }));
    return running.map(({ image, imageID }) => ({ node, image, id: idOf(imageID) }));
  });
  const distinct = new Map(all.map((one) => [JSON.stringify(one), one]));
  return [...distinct.keys()].sort().flatMap((key) => distinct.get(key) ?? []);
}

/** Docker says by which way it knows: `docker-pullable://busybox@sha256:…`. */
const idOf = (imageID: string): string | null =>
  imageID === '' ? null : imageID.replace(/^docker(?:-pullable)?:\/\//, '');
