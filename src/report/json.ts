import type { PrintableEvent } from './printable.ts';
import { written } from './streams.ts';
import type { OutputStream } from './text.ts';
import type { View } from './view.ts';

/** NDJSON on stdout, `type` first; nothing on stderr. The summary is held back so that it is the last line. */
export function createJsonView(stdout: OutputStream): View {
  let summary: PrintableEvent | undefined;
  const write = ({ type, at, ...rest }: PrintableEvent): void => {
    stdout.write(`${JSON.stringify({ type, ...rest, at })}\n`);
  };
  return {
    show(event) {
      if (event.type === 'summary') summary = event;
      else write(event);
    },
    flush: () => written(stdout),
    async close() {
      if (summary !== undefined) write(summary);
      summary = undefined;
      await written(stdout);
    },
  };
}
