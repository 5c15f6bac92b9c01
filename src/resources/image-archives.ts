import { basename } from 'node:path';
import { digestFile } from '../release/digest.ts';
import type { ImageArchive } from '../release/image-archive.ts';
import { fileContent } from './content.ts';
import { type ImageTag, fullName, imagesWatch, thereOr } from './image-tag.ts';
import type { Resource } from './resource.ts';

/**
 * Images that come from this machine in archives, for nodes that reach no registry. As with those that are pulled, it
 * is the names that are asked for.
 */
export const imageArchives = (
  archives: readonly ImageArchive[],
  runtime: ImageTag['runtime'],
): readonly Resource[] =>
  archives.map(({ file, size, names }) => {
    const from = basename(file);
    return {
      id: `images:${from}`,
      title: from,
      watches: [imagesWatch(runtime)],
      diff: (seen) => thereOr(seen, runtime, names.map(fullName), names.join(', ')),
      async steps() {
        const { sha256 } = (await digestFile(file, undefined)).sums();
        const stdin = fileContent(file, size, sha256);
        return [{ op: 'run', title: `load ${from}`, script: LOAD[runtime], stdin }];
      },
    };
  });

const LOAD = {
  docker: 'docker load > /dev/null',
  containerd: 'ctr -n k8s.io images import - > /dev/null',
} as const;
