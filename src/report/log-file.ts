import { randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readdirSync, writeSync } from 'node:fs';
import { basename, join } from 'node:path';
import { messageOf } from '../kernel/errors.ts';
import { removeFileSync } from '../kernel/remove.ts';
import { jsonLine } from './text.ts';

/** The log of one run: one JSON object per line. */
export interface LogFile {
  readonly path: string;
  /** Why nothing is written any more (a full disk); a log must not fail the run it describes. */
  readonly problem: string | undefined;
  append(entry: object): void;
  close(): void;
}

const KEPT = 20;
const NAME = /^\d{4}-\d\d-\d\dT[\d-]+Z-[a-z-]+-[0-9a-f]{8}\.ndjson$/;

/**
 * Makes a new log, mode 0600, in a folder (made with 0700) and removes all but the newest 20 there.
 * Lines are written synchronously, so the log of a killed run ends with the last thing that happened.
 * @throws whatever the file system says, when the folder or the file cannot be made
 */
export function openLogFile(folder: string, run: { readonly command: string; readonly now: Date }): LogFile {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const command = run.command.replaceAll(/[^a-z]+/g, '-').replaceAll(/^-|-$/g, '') || 'run';
  const time = run.now.toISOString().replaceAll(/[:.]/g, '-');
  const path = join(folder, `${time}-${command}-${randomBytes(4).toString('hex')}.ndjson`);
  let descriptor: number | undefined = openSync(path, 'wx', 0o600);
  let problem: string | undefined;
  removeOld(folder, basename(path));
  return {
    path,
    get problem() {
      return problem;
    },
    append(entry) {
      if (descriptor === undefined || problem !== undefined) return;
      try {
        writeSync(descriptor, `${jsonLine(entry)}\n`);
      } catch (error) {
        problem = messageOf(error);
      }
    },
    close() {
      if (descriptor !== undefined) closeSync(descriptor);
      descriptor = undefined;
    },
  };
}

/** Names begin with the time, so their order is that of the runs; after the clock was set back, not ours to trust. */
function removeOld(folder: string, ours: string): void {
  const others = readdirSync(folder).filter((name) => NAME.test(name) && name !== ours);
  for (const name of others.sort().slice(0, 1 - KEPT)) removeFileSync(join(folder, name));
}
