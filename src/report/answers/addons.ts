import type { AddonList, AddonState, ImageList } from '../../answers/addons.ts';
import { table } from '../table.ts';
import { count } from '../text.ts';
import type { How } from './how.ts';

/** One line for each add-on, what is off, and which image each node has; with `verbose` the digests too. */
export function addonsListText({ addons, well }: AddonList, { paint, verbose }: How): string {
  const images = addons.flatMap(({ name, images: own }) =>
    own.map(({ node, image, id }) => [name, node ?? '-', image, ...(verbose ? [id ?? '-'] : [])]),
  );
  const problems = addons.filter(({ problem }) => problem !== null);
  return [
    ...table([['ADD-ON', 'VERSION', 'INVENTORY', 'STATE'], ...addons.map(rowOf)]),
    '',
    ...(images.length === 0
      ? []
      : [...table([['ADD-ON', 'NODE', 'IMAGE', ...(verbose ? ['ID'] : [])], ...images]), '']),
    ...problems.map(({ name, problem }) => paint('yellow', `${name}: ${problem ?? ''}`)),
    well ? 'All is well.' : `${count(problems.length, 'problem')}.`,
    '',
  ].join('\n');
}

const rowOf = ({ name, version, on, state }: AddonState): string[] => [
  name,
  version,
  on ? 'on' : 'off',
  state,
];

/** One line for each image, and the archive that brings it, or what is pulled in its stead. */
export const imagesListText = ({ images }: ImageList): string =>
  [
    ...table([
      ['IMAGE', 'FOR', 'COMES AS', 'DIGEST'],
      ...images.map(({ image, for: who, from, archive, digest }) => [
        image,
        who,
        archive ?? from ?? '-',
        digest ?? '-',
      ]),
    ]),
    '',
  ].join('\n');
