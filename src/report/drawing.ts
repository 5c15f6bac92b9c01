import { type OutputStream, visibleWidth } from './text.ts';

/** Lines at the end of a terminal that are drawn over again and again; what is printed stays above them. */
export interface Drawing {
  /** Draws these lines in the place of those before, after `above`, which ends in a line break. */
  draw(lines: readonly string[], above?: string): void;
}

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** Asked for anew at each drawing: a window may have another size by then. */
export const sizeOf = ({ columns, rows }: OutputStream): Size => ({
  columns: columns || 80,
  rows: rows || 24,
});

// ECMA-48 and DEC private modes, as every terminal since the VT100 knows them.
const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';
const CUT_LINES = '\u001b[?7l';
const WRAP_LINES = '\u001b[?7h';
const ERASE_REST = '\u001b[K';
export const ERASE_BELOW = '\u001b[J';
const up = (lines: number): string => (lines > 0 ? `\r\u001b[${lines}A` : '\r');

/** How many lines of a terminal lines of these widths take, which it wraps. */
export const heightOf = (widths: readonly number[], columns: number): number =>
  widths.reduce((sum, width) => sum + Math.max(1, Math.ceil(width / columns)), 0);

/**
 * Each write leaves the terminal as a shell wants it, with the cursor below the drawing, so that a program that is
 * killed leaves nothing to repair. Lines too long are cut by the terminal, whatever it thinks of a character's width.
 */
export function createDrawing(stream: OutputStream): Drawing {
  let drawn: readonly number[] = [];
  return {
    draw(lines, above = '') {
      const { columns, rows } = sizeOf(stream);
      // In a narrower window the terminal has wrapped what was drawn in a wider one.
      const height = heightOf(drawn, columns);
      drawn = lines.map(visibleWidth);
      const before = up(Math.min(height, rows - 1)) + (above === '' ? '' : ERASE_BELOW + above);
      const text = lines.map((line) => `${line}${ERASE_REST}\n`).join('');
      stream.write(`${HIDE_CURSOR}${before}${CUT_LINES}${text}${WRAP_LINES}${ERASE_BELOW}${SHOW_CURSOR}`);
    },
  };
}
