import type { PrintableEvent } from './printable.ts';
import { written } from './streams.ts';
import type { OutputStream } from './text.ts';
import type { View } from './view.ts';

/** NDJSON on stdout, `type` first; nothing on stderr. */
export function createJsonView(stdout: OutputStream): View {
  const flush = (): Promise<void> => written(stdout);
  return {
    show({ type, at, ...rest }: PrintableEvent) {
      stdout.write(`${JSON.stringify({ type, ...rest, at })}\n`);
    },
    flush,
    close: flush,
  };
}
