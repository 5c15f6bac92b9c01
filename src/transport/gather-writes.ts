import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/**
 * What is written to a stream in one go leaves it in one go. ssh2 writes each packet as length, body and tag, and with
 * Nagle's algorithm off each would travel, and wake the other side, by itself.
 */
export function gatherWrites(stream: Duplex): void {
  const write = stream.write.bind(stream) as (...given: unknown[]) => boolean;
  stream.write = (...given: unknown[]): boolean => {
    if (stream.writableCorked === 0) {
      stream.cork();
      process.nextTick(() => {
        stream.uncork();
      });
    }
    return write(...given);
  };
  // A socket writes many pieces at once by itself; a channel of ssh2 does not.
  if (stream instanceof Socket) return;
  stream._writev = (pieces, done) => {
    stream._write(
      Buffer.concat(pieces.map(({ chunk }) => chunk as Buffer)),
      'buffer' as BufferEncoding,
      done,
    );
  };
}
