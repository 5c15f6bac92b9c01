import type { Exported } from '../../answers/nfs.ts';
import { parseExports } from '../../resources/nfs/exports-text.ts';

/**
 * Reads /var/lib/nfs/etab, which exportfs writes and mountd reads, with escapes for blanks. (exportfs -s leaves them as
 * they are, so that its lines cannot be taken apart.)
 */
export const readEtab = (text: string): Exported[] =>
  parseExports(text).map(({ path, match, options }) => ({ path, client: match, options }));

/** As the kernel writes paths into /proc/mounts. */
export const escapedForMounts = (path: string): string =>
  path.replaceAll(/[ \t\n\\]/g, (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, '0')}`);

/** Whether the list that `showmount -e` prints has a path: `PATH   CLIENTS` in each line, blanks within as they are. */
export const isListed = (listing: string, path: string): boolean =>
  listing.split('\n').some((line) => line === path || line.startsWith(`${path} `));
