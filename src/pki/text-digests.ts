import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { BootstrapError } from '../kernel/errors.ts';
import type { LockedText } from '../kernel/locked-text.ts';
import { readIfThere, replaceFile } from '../state/state-files.ts';

/**
 * Digests of the texts that sealed keys were last seen in, so that files on hosts can be compared without the
 * passphrase. A text is known by its shape: what it is with a placeholder for the key. Every key has 256 random bits or
 * more, so that a digest tells nothing about it.
 */
export interface TextDigests {
  load(): Promise<void>;
  of(shape: string): LockedText;
  note(shape: string, text: string): void;
  /** Writes what was noted, if it is anything new. */
  save(): Promise<void>;
}

export const DIGEST_FILE = 'digests.json';

export const openTextDigests = (folder: string): TextDigests => new FolderDigests(folder);

class FolderDigests implements TextDigests {
  readonly #folder: string;
  #known: Record<string, LockedText> = {};
  #changed = false;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async load(): Promise<void> {
    const path = join(this.#folder, DIGEST_FILE);
    const text = await readIfThere(path);
    try {
      this.#known = { ...(JSON.parse(text ?? '{}') as Record<string, LockedText>), ...this.#known };
    } catch (cause) {
      throw new BootstrapError('E_PKI_INVALID', `${path} is not JSON`, {
        hint: 'Remove it: it is written again by the next "up" that changes something.',
        cause,
      });
    }
  }

  of(shape: string): LockedText {
    return this.#known[sha256(shape)] ?? { sha256: undefined, bytes: 0 };
  }

  note(shape: string, text: string): void {
    const [key, digest] = [sha256(shape), sha256(text)];
    if (this.#known[key]?.sha256 === digest) return;
    this.#known[key] = { sha256: digest, bytes: Buffer.byteLength(text) };
    this.#changed = true;
  }

  async save(): Promise<void> {
    if (!this.#changed) return;
    const content = `${JSON.stringify(this.#known, undefined, 1)}\n`;
    await replaceFile(this.#folder, { name: DIGEST_FILE, content, secret: true });
    this.#changed = false;
  }
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
