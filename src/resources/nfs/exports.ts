import { type ExportClient, type ExportLine, type ParsedExport, parseExports } from './exports-text.ts';
import { fileId } from '../file.ts';
import type { Observed, Watch } from '../../probe/observe.ts';
import { type Change, type Resource, changes, none } from '../resource.ts';
import { serviceId } from '../service.ts';

/** The one file of exports that is ours; all others in the folder, and /etc/exports, belong to somebody else. */
export const EXPORTS_FILE = '/etc/exports.d/k8s-bootstrap.exports';
/** What the server goes by: written by exportfs, read by mountd at every mount. */
const TABLE = '/var/lib/nfs/etab';
const QUESTION = 'exports';

/** Reads what others export, what our file does, the table that is in force, and whether our file is newer than that. */
export const exportsWatch: Watch = {
  kind: 'answer',
  key: QUESTION,
  script: `for f in /etc/exports /etc/exports.d/*.exports; do
  if [ "$f" != ${EXPORTS_FILE} ] && [ -r "$f" ]; then echo "== file $f"; cat -- "$f"; echo; fi
done
if [ -e ${EXPORTS_FILE} ] && [ ${EXPORTS_FILE} -nt ${TABLE} ]; then echo '== newer'; fi
echo '== ours'; cat ${EXPORTS_FILE} 2>/dev/null; echo
echo '== table'; cat ${TABLE} 2>/dev/null || :`,
};

/** Paths that are exported already, by this program's file or as the table in force has it. */
export const exportedPaths = (seen: Observed): Set<string> =>
  new Set(
    blocks(seen)
      .filter(({ title }) => title === 'ours' || title === 'table')
      .flatMap(({ text }) => parseExports(text).map(({ path }) => path)),
  );

/** A line that somebody else has put into /etc/exports or beside our file. */
export interface ForeignExport extends ParsedExport {
  readonly file: string;
}

export const foreignExports = (seen: Observed): ForeignExport[] =>
  blocks(seen)
    .filter(({ title }) => title.startsWith('file '))
    .flatMap(({ title, text }) =>
      parseExports(text).map((entry) => ({ ...entry, file: title.slice('file '.length) })),
    );

/**
 * The table of exports, as our file has it. `exportfs -r` runs when the file changes or the table is off, and else
 * never; when the server itself is started, that reads all the files.
 */
export function exportTable(lines: readonly ExportLine[], serverUnit: string): Resource {
  return {
    id: 'exports',
    title: 'table of exports',
    watches: [exportsWatch],
    diff(seen, upstream): Change {
      if (changes(upstream.get(fileId(EXPORTS_FILE)) ?? none(''))) {
        return { kind: 'update', summary: `exportfs -r (because ${EXPORTS_FILE} changes)` };
      }
      if (changes(upstream.get(serviceId(serverUnit)) ?? none(''))) return none(`read by ${serverUnit}`);
      const off = tableDrift(lines, seen);
      return off.length === 0
        ? none('as the file has it')
        : { kind: 'update', summary: `exportfs -r (because ${shortened(off)})` };
    },
    // Its modification is what tells that the file was read; exportfs leaves a table alone that stays the same.
    steps: () => [
      { op: 'run', title: 'exportfs -r', script: `exportfs -r\n[ ! -e ${TABLE} ] || touch ${TABLE}` },
    ],
  };
}

function tableDrift(lines: readonly ExportLine[], seen: Observed): string[] {
  const found = blocks(seen);
  const table = parseExports(found.find(({ title }) => title === 'table')?.text ?? '');
  return [
    ...(found.some(({ title }) => title === 'newer') ? ['exportfs has not read the file yet'] : []),
    ...lines.flatMap(({ path, clients }) => {
      const entries = table.filter((entry) => entry.path === path);
      return clients.flatMap((client) => entryDrift(path, client, entries));
    }),
  ];
}

/** Only the options that every nfs-utils prints in the same words are compared. */
function entryDrift(
  path: string,
  { match, options }: ExportClient,
  entries: readonly ParsedExport[],
): string[] {
  const candidates = entries.filter(
    (entry) => entry.match.toLowerCase() === match.toLowerCase() || (isName(match) && isName(entry.match)),
  );
  if (candidates.length === 0) return [`${path} is not exported to ${match}`];
  const compared = options.filter((word) =>
    /^(?:r[ow]|a?sync|(?:no_)?(?:root|all)_squash|(?:in)?secure|anon[ug]id=\d+)$/.test(word),
  );
  const fits = candidates.some((entry) => compared.every((word) => entry.options.includes(word)));
  return fits ? [] : [`${path} has other options for ${match}`];
}

/** exportfs replaces names by canonical ones, so that one name is as good as another. */
const isName = (match: string): boolean => /^[a-z][a-z0-9.-]*$/i.test(match) && !/^[0-9a-f:]+$/i.test(match);

const shortened = (reasons: readonly string[]): string =>
  reasons.length <= 3
    ? reasons.join(', ')
    : `${reasons.slice(0, 3).join(', ')} and ${reasons.length - 3} more`;

const blocks = (seen: Observed): { title: string; text: string }[] =>
  (seen.answer(QUESTION)?.output ?? '')
    .split(/^== (?=file |newer$|ours$|table$)/m)
    .slice(1)
    .map((part) => {
      const end = part.indexOf('\n');
      return end < 0 ? { title: part, text: '' } : { title: part.slice(0, end), text: part.slice(end + 1) };
    });
