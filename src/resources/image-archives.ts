import { type ImageTag, fullName, imagesWatch, thereOr } from './image-tag.ts';
import type { Resource } from './resource.ts';
import type { Content } from './step.ts';

/** An archive as `docker save` writes it. */
export interface Archive {
  /** What it is called. */
  readonly from: string;
  /** Of the images in it. */
  readonly names: readonly string[];
  readonly content: () => Promise<Content>;
}

/**
 * Images that come from this machine in archives, for nodes that reach no registry. As with those that are pulled, it
 * is the names that are asked for.
 */
export const imageArchives = (
  archives: readonly Archive[],
  runtime: ImageTag['runtime'],
): readonly Resource[] =>
  archives.map(({ from, names, content }) => ({
    id: `images:${from}`,
    title: from,
    watches: [imagesWatch(runtime)],
    diff: (seen) => thereOr(seen, runtime, names.map(fullName), names.join(', ')),
    steps: async () => [{ op: 'run', title: `load ${from}`, script: LOAD[runtime], stdin: await content() }],
  }));

const LOAD = {
  docker: 'docker load > /dev/null',
  containerd: 'ctr -n k8s.io images import - > /dev/null',
} as const;
