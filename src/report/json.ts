import type { PrintableEvent } from './printable.ts';
import { written } from './streams.ts';
import { type OutputStream, jsonLine } from './text.ts';
import type { View } from './view.ts';

/** NDJSON on stdout, `type` first; nothing on stderr. */
export function createJsonView(stdout: OutputStream): View {
  let waiting = '';
  const send = (): void => {
    if (waiting !== '') stdout.write(waiting);
    waiting = '';
  };
  // Of an end that nobody has foreseen, the last words tell most.
  process.once('exit', send);
  const flush = async (): Promise<void> => {
    send();
    await written(stdout);
  };
  return {
    show({ type, at, ...rest }: PrintableEvent) {
      // What comes in one turn of the event loop is one write: of thousands of hosts, many answer at once.
      if (waiting === '') setImmediate(send);
      waiting += `${jsonLine({ type, ...rest, at })}\n`;
    },
    flush,
    async close() {
      await flush();
      process.off('exit', send);
    },
  };
}
