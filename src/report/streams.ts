import type { OutputStream } from './text.ts';

/** Waits until everything written so far has left the process (pipes may lag); a broken pipe counts as done. */
export async function written(...streams: readonly OutputStream[]): Promise<void> {
  await Promise.all(
    streams
      .filter(({ writable }) => writable)
      .map(
        (stream) =>
          new Promise<void>((resolve) =>
            stream.write('', () => {
              resolve();
            }),
          ),
      ),
  );
}
