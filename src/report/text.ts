import type { Writable } from 'node:stream';
import { stripVTControlCharacters, styleText } from 'node:util';
import { eastAsianWidth } from 'get-east-asian-width';

/** Where a reporter writes; `process.stdout` and `process.stderr` fit. Sizes are in character cells. */
export type OutputStream = Writable & {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
};

export type Environment = Readonly<Record<string, string | undefined>>;

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

/** Colours a text, or leaves it alone; renderers stay pure by taking one of these. */
export type Paint = (style: Style, text: string) => string;

export const noPaint: Paint = (_style, text) => text;

const colours: Paint = (style, text) => styleText(style, text, { validateStream: false });

/** Colour only for a terminal that wants it (https://no-color.org: any non-empty NO_COLOR turns it off). */
export const painterFor = (stream: OutputStream, env: Environment): Paint =>
  stream.isTTY === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb' ? colours : noPaint;

/**
 * One line that a terminal shows as it is: line breaks, escape sequences and direction overrides
 * become visible `\n`, `\u001b`, … so that no file content or remote output can draw on the screen.
 */
export const oneLine = (text: string): string =>
  text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (character) => {
    if (character === '\t') return character;
    if (character === '\n') return '\\n';
    if (character === '\r') return '\\r';
    return `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`;
  });

/** A value as JSON that a terminal shows as it is: `JSON.stringify` leaves in what only some terminals obey. */
export const jsonLine = (value: unknown): string =>
  JSON.stringify(value).replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (character) =>
    character
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  );

/** The lines of a text, each safe for a terminal; a final line break adds no empty line. */
export const safeLines = (text: string): string[] => text.replace(/\n$/, '').split('\n').map(oneLine);

/** Marks stand on the character before them, as terminals draw them. */
const TAKES_NO_CELL = /[\p{Mn}\p{Me}\p{Cf}\p{Cc}]/u;

/** As wcwidth(3); grapheme clusters would cost a fiftieth of a second at every start, and few terminals draw by them. */
const cells = (character: string): number =>
  TAKES_NO_CELL.test(character) ? 0 : eastAsianWidth(character.codePointAt(0) ?? 0);

/** Cells of a terminal: Chinese characters take two each, colours none. */
export function visibleWidth(text: string): number {
  const seen = stripVTControlCharacters(text);
  if (/^[ -~]*$/.test(seen)) return seen.length;
  let width = 0;
  for (const character of seen) width += cells(character);
  return width;
}

/** With blanks behind it up to a width in cells. */
export const padded = (text: string, width: number): string =>
  text + ' '.repeat(Math.max(0, width - visibleWidth(text)));

/** At most `width` cells, the cut marked with `…`. */
export function truncate(text: string, width: number): string {
  if (visibleWidth(text) <= width) return text;
  let kept = '';
  let left = width - 1;
  for (const character of text) {
    left -= cells(character);
    if (left < 0) break;
    kept += character;
  }
  return `${kept}…`;
}

/** `0.2 s`, `12.3 s`, `2 min 5 s`. */
export function duration(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** `812 B`, `12.3 kB`, `104.9 MB` (powers of 1000). */
export function byteSize(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 999_950 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** `1 host`, `3 hosts`. */
export const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`;
