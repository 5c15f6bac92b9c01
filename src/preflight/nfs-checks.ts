import { type ForeignExport, exportedPaths, foreignExports } from '../resources/nfs/exports.ts';
import { folderSights } from '../resources/nfs/shared-folder.ts';
import { ownerOfFolder, placeOf } from '../templates/places.ts';
import { exportsOf } from '../phases/nfs/server.ts';
import { type Check, type Result, type Subject, error, warn } from './check.ts';

/** What others export on a server: it is left alone, and must not be in the way of ours. */
export const nfsChecks: readonly Check[] = [
  { id: 'nfs-folders', title: 'exported folders are nobody else’s', check: foldersAreFree },
  { id: 'nfs-exports', title: 'nobody else exports the same folders', check: sharedExports },
  { id: 'nfs-blank', title: 'no line of exports gives the world what it names somebody for', check: blanks },
];

/** The inventory's rule knows paths alone: here is what they lead to, and whether somebody's files are in there. */
function foldersAreFree({ world, host, seen }: Subject): Result[] {
  const exports = exportsOf(world, host);
  if (exports.length === 0) return [];
  const exported = exportedPaths(seen);
  const sights = folderSights(
    seen,
    exports.map(({ path }) => path),
  );
  return sights.flatMap(({ real, hasFiles }, index) => {
    const { path = '', allowExisting = false } = exports[index] ?? {};
    const hint = 'Export a folder of its own, like /srv/data.';
    if (real === undefined) return error(`where ${path} leads to cannot be told`, hint);
    const owner = real === path ? undefined : ownerOfFolder(real);
    if (owner !== undefined) return error(`${path} leads to ${real}, and ${owner}`, hint);
    if (placeOf(real).kind !== 'new' || !hasFiles || allowExisting || exported.has(path)) return [];
    return error(
      `${path} holds files already, and is no place for data`,
      'Export a new folder, or one below /srv; or say allowExisting: true at the export, if those files are for its clients.',
    );
  });
}

function sharedExports({ world, host, seen }: Subject): Result[] {
  const paths = exportsOf(world, host).map(({ path }) => path);
  return distinct(foreignExports(seen)).flatMap((foreign) => {
    const place = `${foreign.file}:${foreign.line}`;
    if (paths.includes(foreign.path)) {
      return error(
        `${place} exports ${foreign.path}, as the inventory does`,
        'Take the line out there, or the export out of the inventory. Which of two counts would be chance.',
      );
    }
    const near = paths.find((path) => isWithin(path, foreign.path) || isWithin(foreign.path, path));
    return near === undefined
      ? []
      : warn(
          `${place} exports ${foreign.path}, which overlaps ${near} of the inventory`,
          'What is below both is reached by the clients of either, if it is on one file system.',
        );
  });
}

/** `/data 192.0.2.0/24 (rw)`: the options are everybody's, the range has the defaults. */
function blanks({ seen }: Subject): Result[] {
  return distinct(foreignExports(seen))
    .filter(({ text }) => /\S\s+\(/.test(text.replaceAll(/"[^"]*"/g, '""')))
    .flatMap(({ file, line, path }) =>
      warn(
        `${file}:${line} exports ${path} to everybody: there is a blank before the parenthesis`,
        'Write client(options) without one.',
      ),
    );
}

/** A line names a path for several clients, and is told of once. */
const distinct = (entries: readonly ForeignExport[]): ForeignExport[] =>
  entries.filter(
    (entry, index) =>
      entries.findIndex(
        ({ file, line, path }) => file === entry.file && line === entry.line && path === entry.path,
      ) === index,
  );

const isWithin = (inner: string, outer: string): boolean =>
  inner.startsWith(outer === '/' ? '/' : `${outer}/`);
