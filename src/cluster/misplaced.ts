import { statSync } from 'node:fs';

/** Whether a word that should have been a name of ours is a file: options that take several swallow what follows. */
export const isInventory = (word: string): boolean =>
  /\.ya?ml$/.test(word) || statSync(word, { throwIfNoEntry: false })?.isFile() === true;

export const INVENTORY_FIRST =
  'This option takes all words that follow: write the inventory before it, or after -i.';
