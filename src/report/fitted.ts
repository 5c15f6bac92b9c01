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

/** The text of an event as a stream shows it: into a pipe as it is, on a terminal with its tables made to fit. */
export function shownOn(stream: OutputStream, event: PrintableEvent, text: string): string {
  const { isTTY, columns } = stream;
  const isKept = event.type === 'plan.ready' || (event.type === 'result' && AS_IT_IS.has(event.answer));
  return isTTY === true && columns && !isKept ? fitted(text, columns) : text;
}

/**
 * Rows of tables that are wider than a terminal go on in further lines, below one of their columns, and break between
 * words and after commas only. Columns are two blanks apart; lines without any are sentences and commands, and stay.
 */
export const fitted = (text: string, width: number): string =>
  text
    .split('\n')
    .flatMap((line) => (visibleWidth(line) > width ? row(line, width) : [line]))
    .join('\n');

function row(line: string, width: number): readonly string[] {
  const starts = [...line.matchAll(/(?<=\S {2,})\S/g)].map(({ index }) => index);
  const ways = starts
    .map((start) => broken(line.slice(0, start), line.slice(start), width))
    .filter((lines) => lines.every((one) => visibleWidth(one) <= width));
  const last = starts.at(-1) ?? 0;
  const below = ways.at(-1);
  if (below && visibleWidth(line.slice(0, last)) + ROOM <= width) return below;
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
