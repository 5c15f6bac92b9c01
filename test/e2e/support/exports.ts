import * as fc from 'fast-check';
import type { ExportLine } from '../../../src/resources/nfs/exports-text.ts';

/** Below it are all folders of generated exports. */
const FOLDER = '/srv/e2e';

/**
 * What a path may hold: all that means something to a shell, to exports(5) or to UTF-8, but no control characters, and no
 * backslash before three octal digits, which nfs-utils reads as an escape twice.
 */
const letter = fc.constantFrom(
  ...Array.from(' #"\'\\()*?,;:=@%~&|<>$`!{}[]^+-_.aZ07üé日本😀'),
  '-ro',
  '(rw)',
  '\\09',
);
const name = fc
  .array(letter, { minLength: 1, maxLength: 12 })
  .map((letters) => letters.join('').replaceAll(/\\(?=[0-7]{3})/g, ''));

const byte = fc.integer({ min: 1, max: 254 });
const hex = fc.integer({ min: 1, max: 0xffff }).map((value) => value.toString(16));
const client = fc.oneof(
  fc.tuple(byte, byte, byte).map(([a, b, c]) => `10.${a}.${b}.${c}`),
  fc.tuple(byte, byte).map(([a, b]) => `10.${a}.${b}.0/24`),
  byte.map((a) => `10.${a}.0.0/16`),
  hex.map((a) => `fd00::${a}`),
  hex.map((a) => `fd00:${a}::/64`),
  fc.constantFrom('*', '*.example.com', 'node?.example.com', '@students'),
);

/** One word of each set, in the order of the product's table; an empty one is left out. */
const options = fc
  .tuple(
    fc.constantFrom('rw', 'ro'),
    fc.constantFrom('sync', 'async'),
    fc.constantFrom('', 'hide', 'nohide'),
    fc.constantFrom('', 'crossmnt', 'nocrossmnt'),
    fc.constantFrom('secure', 'insecure'),
    fc.constantFrom('root_squash', 'no_root_squash'),
    fc.constantFrom('no_all_squash', 'all_squash'),
    fc.oneof(
      fc.constant(''),
      byte.map((id) => `anonuid=${1000 + id}`),
    ),
    fc.oneof(
      fc.constant(''),
      byte.map((id) => `anongid=${1000 + id}`),
    ),
    fc.constantFrom('no_subtree_check', 'subtree_check'),
    fc.constantFrom('', 'insecure_locks', 'secure_locks'),
    fc.constantFrom('', 'acl', 'no_acl'),
    fc.constantFrom('', 'sec=sys', 'sec=krb5:sys'),
  )
  .map((words) => words.filter((word) => word !== ''));

/** 200 exports, the same in each run. */
export function generatedExports(): ExportLine[] {
  const clients = fc
    .uniqueArray(client, { minLength: 1, maxLength: 4 })
    .chain((matches) =>
      fc.tuple(...matches.map((match) => options.map((words) => ({ match, options: words })))),
    );
  const samples = fc.sample(fc.tuple(name, clients), { seed: 1976, numRuns: 200 });
  return samples.map(([last, some], index) => ({ path: `${FOLDER}/${index} ${last}`, clients: some }));
}

/** What exportfs does not print, or prints also where nobody wrote it. */
const DEFAULTS = new Set(
  'wdelay hide nocrossmnt secure no_all_squash subtree_check secure_locks acl no_pnfs sec=sys'.split(' '),
);

const entry = (path: string, match: string, words: readonly string[]): string =>
  JSON.stringify([path, match, words.filter((word) => !DEFAULTS.has(word)).sort()]);

/** One line for each path and client, sorted. */
export const asEntries = (exports: readonly ExportLine[]): string[] =>
  exports
    .flatMap(({ path, clients }) => clients.map(({ match, options: words }) => entry(path, match, words)))
    .sort();

/** The same of what `exportfs -s` printed, for folders of generated exports. */
export const printedEntries = (text: string): string[] =>
  text
    .split('\n')
    .flatMap((line) => {
      const [, path = '', match = '', words = ''] = /^(\/\S+)\s+(\S+?)\((.*)\)$/.exec(line) ?? [];
      return path.startsWith(`${FOLDER}/`) ? [entry(unescaped(path), match, words.split(','))] : [];
    })
    .sort();

/** It prints blanks and backslashes as octal bytes, and all else as it is. */
const unescaped = (word: string): string =>
  Buffer.from(
    Buffer.from(word)
      .toString('latin1')
      .replaceAll(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8))),
    'latin1',
  ).toString();
