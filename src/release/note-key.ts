import { createHmac, randomBytes } from 'node:crypto';
import { lstat, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomic } from '../kernel/atomic-file.ts';

const FILE = 'cache.key';
const BYTES = 32;

/** Signs what this user has noted on files of a cache. */
export interface NoteKey {
  sign(text: string): Promise<string>;
}

/**
 * The key in a folder that nobody brings along with an inventory; made when it is first needed. Where it cannot be
 * kept there is one for this run, and the next checks everything again.
 */
export function openNoteKey(folder: string): NoteKey {
  let key: Promise<Buffer> | undefined;
  return {
    sign: async (text) => {
      key ??= keyIn(join(folder, FILE));
      return createHmac('sha256', await key)
        .update(text)
        .digest('hex');
    },
  };
}

async function keyIn(file: string): Promise<Buffer> {
  const kept = await readKey(file);
  if (kept) return kept;
  const key = randomBytes(BYTES);
  await writeAtomic(file, key, 0o600).catch(() => undefined);
  return key;
}

/** Another's, one that others can read and one that is cut off are as good as none. */
async function readKey(file: string): Promise<Buffer | undefined> {
  try {
    const found = await lstat(file);
    if (!found.isFile() || found.uid !== process.geteuid?.() || (found.mode & 0o077) !== 0) return undefined;
    const key = await readFile(file);
    return key.length === BYTES ? key : undefined;
  } catch {
    return undefined;
  }
}
