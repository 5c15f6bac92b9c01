import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { Content } from './step.ts';

export const sha256 = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex');

/** Content held in memory. */
export function bytes(data: string | Uint8Array): Content {
  const buffer = Buffer.from(data);
  return { size: buffer.length, sha256: sha256(buffer), open: () => [buffer] };
}

/** The same of what is a secret. */
export const secretBytes = (data: string): Content => ({ ...bytes(data), secret: true });

/** Content of a local file, opened when it is sent. */
export function fileContent(path: string, size: number, digest: string): Content {
  return {
    size,
    sha256: digest,
    file: path,
    open: () => createReadStream(path, { highWaterMark: 256 * 1024 }),
  };
}
