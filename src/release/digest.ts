import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { isSha512 } from './checksums.ts';

/** What a content is known by. */
export interface Sums {
  readonly sha256: string;
  /** Only where it is this that the content has to match. */
  readonly sha512: string | undefined;
}

/** Sums of what was read so far, open for more. */
export interface Digest {
  update(chunk: Uint8Array): void;
  sums(): Sums;
}

/** For content that has to match `expected`; the cache goes by SHA-256 whatever that is. */
export function openDigest(expected: string | undefined): Digest {
  const sha256 = createHash('sha256');
  const sha512 = isSha512(expected) ? createHash('sha512') : undefined;
  const soFar = (hash: Hash): string => hash.copy().digest('hex');
  return {
    update: (chunk) => {
      sha256.update(chunk);
      sha512?.update(chunk);
    },
    sums: () => ({ sha256: soFar(sha256), sha512: sha512 && soFar(sha512) }),
  };
}

export async function digestFile(file: string, expected: string | undefined): Promise<Digest> {
  const digest = openDigest(expected);
  for await (const chunk of createReadStream(file, { highWaterMark: 256 * 1024 }))
    digest.update(chunk as Buffer);
  return digest;
}

/** Whether a content of these sums is what a SHA-256 or SHA-512 says. */
export const matches = ({ sha256, sha512 }: Sums, expected: string): boolean =>
  expected === (isSha512(expected) ? sha512 : sha256);
