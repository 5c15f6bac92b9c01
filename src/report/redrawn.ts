import { ERASE_BELOW, heightOf, sizeOf } from './drawing.ts';
import type { PrintableEvent } from './printable.ts';
import { type OutputStream, visibleWidth } from './text.ts';

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
    const { columns, rows } = sizeOf(stream);
    const lines = text.split('\n').slice(0, -1);
    const height = (some: readonly string[]): number => heightOf(some.map(visibleWidth), columns);
    let shown = lines;
    while (shown.length > 1 && height(shown) > rows - 1) shown = shown.slice(0, -1);
    if (shown.length < lines.length) {
      shown = [...shown.slice(0, -1), `… ${lines.length - shown.length + 1} more lines`];
    }
    const back = above === 0 ? '' : `\u001B[${above}A\r`;
    above = height(shown);
    return `${back}${ERASE_BELOW}${shown.join('\n')}\n`;
  };
}
