import { nodes } from '../phases/shared/topology.ts';
import { type Check, error } from './check.ts';

/** It is of no host, so it is told once: of the first that would get them. */
export const imagesCheck: Check = {
  id: 'images',
  title: 'archives of images.preload can be read',
  check({ world, host }) {
    const problem = world.preloaded?.problem;
    if (!problem || nodes(world)[0]?.name !== host.name) return [];
    return error(`images.preload: ${problem.message}`, problem.hint ?? '');
  },
};
