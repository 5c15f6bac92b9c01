import { existsSync } from 'node:fs';
import { writeAtomic } from '../kernel/atomic-file.ts';
import { BootstrapError } from '../kernel/errors.ts';
import { formatChecksums, readChecksums, type Checksums } from './checksums.ts';

const heading = `Written by k8s-bootstrap: checksums of what was downloaded where none was published.
Keep this file with the inventory: every later download must match it.`;

/** Checksums learnt from first downloads, in a file beside the inventory. */
export interface LockFile {
  get(key: string): string | undefined;
  /** Whether anything has this sum. */
  has(sum: string): boolean;
  /**
   * Adds entries and writes the file. An entry another process wrote in the meantime must agree, unless
   * `replace` says that the new sums come from something stronger.
   * @throws E_CHECKSUM when it doesn't
   */
  record(entries: Checksums, options?: { readonly replace: boolean }): Promise<void>;
}

/**
 * Opens a lock file; it need not exist.
 * @throws E_CHECKSUMS_FILE when it is damaged
 */
export function openLockFile(file: string): LockFile {
  let known = readIfThere(file);
  let last: Promise<void> = Promise.resolve();

  const write = async (entries: Checksums, replace: boolean): Promise<void> => {
    const current = new Map(readIfThere(file));
    for (const [key, sum] of entries) {
      const recorded = current.get(key);
      if (!replace && recorded !== undefined && recorded !== sum)
        throw disagreement(file, key, recorded, sum);
      current.set(key, sum);
    }
    const text = formatChecksums(current, heading);
    known = current;
    await writeAtomic(file, text, 0o644);
  };

  return {
    get: (key) => known.get(key),
    has: (sum) => [...known.values()].includes(sum),
    record: (entries, { replace } = { replace: false }) => {
      if ([...entries].every(([key, sum]) => known.get(key) === sum)) return Promise.resolve();
      // One at a time, also after a failure: each reads what the one before has written.
      const turn = last.then(() => write(entries, replace));
      last = turn.catch(() => undefined);
      return turn;
    },
  };
}

const readIfThere = (file: string): Checksums => (existsSync(file) ? readChecksums(file) : new Map());

const disagreement = (file: string, key: string, recorded: string, sum: string): BootstrapError =>
  new BootstrapError('E_CHECKSUM', `${key} has SHA-256 ${sum}, but ${file} has recorded ${recorded}`, {
    hint: 'Another run downloaded something else under this name. Find out which one is right, then remove its line from the lock file.',
    where: { file },
  });
