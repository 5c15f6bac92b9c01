/** What one folder is exported as: a line of exports(5). */
export interface ExportLine {
  readonly path: string;
  readonly clients: readonly ExportClient[];
}

export interface ExportClient {
  readonly match: string;
  readonly options: readonly string[];
}

/**
 * The lines as nfs-utils read them, from 1.3.0 on. Its reader knows `\ooo` and double quotes, ends a word at any blank
 * and everything at a `#`, even within quotes; so all that is not plain ASCII is written as octal bytes.
 */
export const exportsText = (lines: readonly ExportLine[]): string =>
  [
    '# Written by k8s-bootstrap. What you export yourself belongs into /etc/exports or a file beside this one.',
    ...lines.map(
      ({ path, clients }) =>
        `${escaped(path)}${clients.map(({ match, options }) => ` ${match}(${options.join(',')})`).join('')}`,
    ),
    '',
  ].join('\n');

/** A path as one word. */
export const escaped = (path: string): string =>
  [...Buffer.from(path)]
    .map((byte) =>
      /[A-Za-z0-9/._+:@%,=~^-]/.test(String.fromCharCode(byte))
        ? String.fromCharCode(byte)
        : `\\${byte.toString(8).padStart(3, '0')}`,
    )
    .join('');

/**
 * Reads exports(5), also the table `/var/lib/nfs/etab`, into one entry a path and client. Comments, continued lines,
 * quotes and defaults of a line (`-ro`) are understood; of a word that is no client only the path is certain.
 */
export function parseExports(text: string): ParsedExport[] {
  return text
    .split('\n')
    .reduce<Continued[]>(joinContinued, [])
    .flatMap(({ line, parts }) => {
      const joined = parts
        .map((part, index) => (index < parts.length - 1 ? part.slice(0, -1) : part))
        .join(' ');
      const [path, ...clients] = words(joined);
      if (path === undefined) return [];
      const common = optionsOf(clients.find((word) => word.startsWith('-'))?.slice(1) ?? '');
      const others = clients.filter((word) => !word.startsWith('-'));
      return (others.length === 0 ? ['*'] : others).map((word) => {
        const [, match = word, own = ''] = /^([^(]*)\((.*)\)$/.exec(word) ?? [];
        const options = own === '' ? common : [...common, ...optionsOf(own)];
        return { path, match: match === '' ? '*' : match, options, line, text: joined.trim() };
      });
    });
}

/** exports(5) has some thirty; a line of more is none that is exported, and each of its clients would get them all. */
const MOST_OPTIONS = 64;

const optionsOf = (text: string): string[] =>
  [...new Set(text.split(',').filter(Boolean))].slice(0, MOST_OPTIONS);

export interface ParsedExport extends ExportClient {
  readonly path: string;
  /** Number of the line where it begins, from 1, and the line. */
  readonly line: number;
  readonly text: string;
}

interface Continued {
  readonly line: number;
  /** All but the last end in a backslash. */
  readonly parts: string[];
}

function joinContinued(lines: Continued[], text: string, index: number): Continued[] {
  const last = lines.at(-1);
  if (last?.parts.at(-1)?.endsWith('\\')) last.parts.push(text);
  else lines.push({ line: index + 1, parts: [text] });
  return lines;
}

/** Words of a line, unescaped; like the reader of nfs-utils, a `#` ends it wherever it stands. */
function words(line: string): string[] {
  const [text = ''] = line.split('#');
  const found = text.match(/(?:"[^"]*"?|[^\s"])+/g) ?? [];
  return found.map((word) => unescaped(word.replaceAll('"', '')));
}

/** Octal escapes stand for bytes, which together are UTF-8: as in exports(5), and in /proc/mounts, fstab(5). */
export function unescaped(text: string): string {
  const bytes = Buffer.from(text)
    .toString('latin1')
    .replaceAll(/\\([0-3][0-7]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
  return Buffer.from(bytes, 'latin1').toString('utf8');
}
