import type { Writable } from 'node:stream';

type Source = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

export interface Feeding {
  /** Ends the feeding: nobody reads any more. The source is told, so that it can close its files. */
  stop(): void;
}

/**
 * Writes a source to a command's stdin, at the speed it is read, and closes it at the end.
 * A failing source is reported through `failed` and stdin is left open: a cut input must not look complete.
 */
export function feed(
  source: Source | undefined,
  sink: Writable,
  sent: (bytes: number) => void,
  failed: (error: unknown) => void,
): Feeding {
  let stopped = false;
  let wake = (): void => undefined;
  const iterator =
    source === undefined
      ? undefined
      : Symbol.asyncIterator in source
        ? source[Symbol.asyncIterator]()
        : source[Symbol.iterator]();

  const stop = (): void => {
    if (stopped) return;
    stopped = true;
    wake();
    // A generator that is waiting gets this after its wait; nobody waits for it, and its errors come too late.
    void Promise.resolve(iterator?.return?.()).catch(() => undefined);
  };

  // One promise per wait, not a race against a long-lived one: that would keep every chunk in memory.
  const drained = (): Promise<void> =>
    new Promise((resolve) => {
      wake = () => {
        sink.off('drain', wake);
        resolve();
      };
      sink.once('drain', wake);
    });

  const run = async (): Promise<void> => {
    for (;;) {
      const next = await iterator?.next();
      if (stopped) return;
      if (next === undefined || next.done) break;
      sent(next.value.byteLength);
      if (!sink.write(next.value)) await drained();
    }
    sink.end();
  };

  sink.on('error', stop); // EPIPE: the command closed its stdin, which is its right
  run().catch((error: unknown) => {
    if (stopped) return;
    stop();
    failed(error);
  });
  return { stop };
}
