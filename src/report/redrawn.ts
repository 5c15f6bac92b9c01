import { stripVTControlCharacters } from 'node:util';
import type { PrintableEvent } from './printable.ts';
import type { OutputStream } from './text.ts';

const SIZE = { columns: 80, rows: 24 };

/**
 * On a terminal, each look of a watch takes the place of the one before, unless something else was printed between; all
 * else stays. A look that is higher than the terminal ends with how many lines there would be more: what has scrolled
 * away cannot be drawn over.
 */
export function redrawing(stream: OutputStream): (event: PrintableEvent, text: string) => string {
  let above = 0;
  return (event, text) => {
    if (stream.isTTY !== true) return text;
    if (event.type !== 'result' || event.answer !== 'status' || event.data.watched === null) {
      above = 0;
      return text;
    }
    const [columns, rows] = [stream.columns || SIZE.columns, stream.rows || SIZE.rows];
    const lines = text.split('\n').slice(0, -1);
    const height = (some: readonly string[]): number =>
      some.reduce((sum, line) => sum + Math.max(1, Math.ceil(widthOf(line) / columns)), 0);
    let shown = lines;
    while (shown.length > 1 && height(shown) > rows - 1) shown = shown.slice(0, -1);
    if (shown.length < lines.length) {
      shown = [...shown.slice(0, -1), `… ${lines.length - shown.length + 1} more lines`];
    }
    const back = above === 0 ? '' : `\u001B[${above}A\r`;
    above = height(shown);
    return `${back}\u001B[J${shown.join('\n')}\n`;
  };
}

const widthOf = (text: string): number => Array.from(stripVTControlCharacters(text)).length;
