import { stripVTControlCharacters } from 'node:util';
import type { PrintableEvent } from './printable.ts';
import { type OutputStream, visibleWidth } from './text.ts';

/** So much room, and what stands in the last column goes on below itself. */
const ROOM = 20;

/** What is told as it came, or taken elsewhere by copying: nothing is put into it. */
const AS_IT_IS: ReadonlySet<string> = new Set([
  'explain-file',
  'explain-thing',
  'logs',
  'rbac-render',
  'users-kubeconfig',
]);

/** Told while it happens, with no command in it that stands alone: all its lines may be broken. */
const IN_WORDS: ReadonlySet<string> = new Set(['host.failed', 'note', 'preflight', 'run.failed']);

/** What a sentence ends with, and no command or line of a diff that begins at the margin. */
const ENDS_SENTENCE = /^\S.*[.?]$/;

/** The text of an event as a stream shows it: into a pipe as it is, on a terminal made to fit. */
export function shownOn(stream: OutputStream, event: PrintableEvent, text: string): string {
  const { isTTY, columns } = stream;
  if (isTTY !== true || !columns || (event.type === 'result' && AS_IT_IS.has(event.answer))) return text;
  if (event.type === 'plan.ready') return broadLines(text, columns, (line) => sentence(line, columns));
  return fitted(text, columns, IN_WORDS.has(event.type));
}

/**
 * Rows of tables that are wider than a terminal go on in further lines, below one of their columns, and break between
 * words and after commas only; columns are two blanks apart. Sentences break between words.
 * @param inWords whether every line without columns is one; else what does not end as one may be a command, and stays
 */
export const fitted = (text: string, width: number, inWords = false): string =>
  broadLines(text, width, (line) => {
    if (/\S {2,}\S/.test(line)) return row(line, width);
    return inWords ? words(line, width) : sentence(line, width);
  });

const broadLines = (text: string, width: number, fit: (line: string) => readonly string[]): string =>
  text
    .split('\n')
    .flatMap((line) => (visibleWidth(line) > width ? fit(line) : [line]))
    .join('\n');

const sentence = (line: string, width: number): readonly string[] =>
  ENDS_SENTENCE.test(stripVTControlCharacters(line)) ? words(line, width) : [line];

/**
 * What is quoted is whole in one line, where it fits there. Further lines stand in where no label of an error stands, so
 * that words of a host never look like a hint of ours.
 */
function words(line: string, width: number): string[] {
  const [margin = ''] = /^ */.exec(line) ?? [];
  const indent = `${margin}    `;
  const lines: string[] = [];
  let current = margin;
  for (const [word] of line.matchAll(/"[^"]*"\S*|\S+/g)) {
    const gap = current.trim() === '' ? '' : ' ';
    if (gap !== '' && visibleWidth(current) + 1 + visibleWidth(word) > width) {
      lines.push(current);
      current = indent + word;
    } else current += gap + word;
  }
  return [...lines, current];
}

/** Of a table; a line of a journal may have hundreds of gaps. */
const MOST_COLUMNS = 12;

function row(line: string, width: number): readonly string[] {
  const starts = [...line.matchAll(/(?<=\S {2,})\S/g)].slice(0, MOST_COLUMNS).map(({ index }) => index);
  const fits = (start: number): string[] | undefined => {
    const lines = broken(line.slice(0, start), line.slice(start), width);
    return lines.every((one) => visibleWidth(one) <= width) ? lines : undefined;
  };
  const last = starts.at(-1) ?? 0;
  const below = visibleWidth(line.slice(0, last)) + ROOM <= width ? fits(last) : undefined;
  if (below) return below;
  const ways = starts.map(fits).filter((lines) => lines !== undefined);
  const fewest = Math.min(...ways.map(({ length }) => length));
  return ways.findLast(({ length }) => length === fewest) ?? [line];
}

function broken(head: string, rest: string, width: number): string[] {
  const indent = ' '.repeat(visibleWidth(head));
  const lines: string[] = [];
  let current = head;
  let isEmpty = true;
  for (const [, gap = '', word = ''] of rest.matchAll(/(\s*)([^\s,]+,*|,+)/g)) {
    if (!isEmpty && visibleWidth(`${current}${gap}${word}`) > width) {
      lines.push(current);
      current = `${indent}${word}`;
    } else current += isEmpty ? word : `${gap}${word}`;
    isEmpty = false;
  }
  return [...lines, current];
}
