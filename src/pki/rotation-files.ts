import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { removeFile } from '../kernel/remove.ts';
import { type StateFile, replaceFile, syncFolder } from '../state/state-files.ts';

/** Files of a pair: what is public of it, its private key, and the certificates above an authority that is no root. */
export interface PairNames {
  readonly open: string;
  readonly key: string;
  readonly chain: string;
}

/** What they hold, PEM; `chain` is empty where there is none. */
export type PairTexts = PairNames;

/** What can be rotated, by its file names without `.crt`, `.pub` and `.key`. */
export interface RotatedFiles {
  readonly base: string;
  readonly extension: 'crt' | 'pub';
}

/** The pair in use, the one that follows it, the one it followed; the last without being believed any more. */
export type PairPlace = 'own' | 'next' | 'old' | 'gone';

export function pairNames({ base, extension }: RotatedFiles, place: PairPlace = 'own'): PairNames {
  const stem = place === 'own' ? base : `${base}.${place}`;
  const rest = place === 'gone' ? `${base}.old` : stem;
  return { open: `${stem}.${extension}`, key: `${rest}.key`, chain: `${rest}.chain.${extension}` };
}

/** When all was ready for the next step, in ISO 8601: what reads once and was started before, has to be started again. */
export const readyFile = ({ base }: RotatedFiles): string => `${base}.ready`;

/** One change in the folder that happens as a whole or not at all. */
export type Write =
  { readonly put: StateFile } | { readonly remove: string } | { readonly move: string; readonly to: string };

/** The pair that follows; its public part last, without which the others count for nothing. */
export const beginning = (files: RotatedFiles, next: PairTexts): readonly Write[] => [
  { remove: readyFile(files) },
  ...laid(pairNames(files, 'next'), next),
];

/**
 * The pair in use is kept beside, and the next takes its place. From the moment on when the public part of the old one is
 * there, the next is the one in use, whatever lies in its place yet.
 */
export const handingOver = (files: RotatedFiles, own: PairTexts, next: PairTexts): readonly Write[] => [
  ...laid(pairNames(files, 'old'), own),
  ...settling(files, next),
];

/** What is left to do of that from the same moment on. */
export function settling(files: RotatedFiles, next: PairTexts): readonly Write[] {
  const { open, key, chain } = pairNames(files, 'next');
  return [...laid(pairNames(files), next), { remove: open }, { remove: chain }, { remove: key }];
}

/** The old pair is believed no more; its key stays until all hosts know. */
export const dropping = (files: RotatedFiles): readonly Write[] => [
  { move: pairNames(files, 'old').open, to: pairNames(files, 'gone').open },
];

/** What is left goes, also of a turn that was cut short; last what tells that there is something left. */
export function ending(files: RotatedFiles): readonly Write[] {
  const { open, key, chain } = pairNames(files, 'gone');
  const next = pairNames(files, 'next');
  return [readyFile(files), next.chain, next.key, chain, key, open].map((remove) => ({ remove }));
}

function laid(names: PairNames, texts: PairTexts): readonly Write[] {
  const open = (name: string, content: string): Write => ({ put: { name, content, secret: false } });
  return [
    { put: { name: names.key, content: texts.key, secret: true } },
    texts.chain === '' ? { remove: names.chain } : open(names.chain, texts.chain),
    open(names.open, texts.open),
  ];
}

/** @param sealed a file as it is to be written */
export async function write(
  folder: string,
  change: Write,
  sealed: (file: StateFile) => StateFile,
): Promise<void> {
  if ('put' in change) return replaceFile(folder, sealed(change.put));
  if ('move' in change) await rename(join(folder, change.move), join(folder, change.to));
  else await removeFile(join(folder, change.remove));
  // What comes after must not be there before.
  return syncFolder(folder);
}
