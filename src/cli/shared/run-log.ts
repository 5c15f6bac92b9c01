import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { BootstrapError } from '../../kernel/errors.ts';
import { type LogFile, openLogFile } from '../../report/log-file.ts';
import type { RunEvent } from '../../run/events.ts';

/**
 * The log of a run in a folder. It is made when the run starts, with what was told before: one that is refused, for its
 * command line or its inventory, leaves nothing behind.
 */
export function runLog(folder: string, command: string): LogFile {
  const before: object[] = [];
  let state: 'waiting' | 'closed' | LogFile = 'waiting';
  const file = (): LogFile | undefined => (typeof state === 'string' ? undefined : state);
  return {
    get path() {
      return file()?.path ?? folder;
    },
    get problem() {
      return file()?.problem;
    },
    append(entry) {
      if (state !== 'waiting') {
        file()?.append(entry);
        return;
      }
      before.push(entry);
      if ((entry as RunEvent).type !== 'run.started') return;
      state = 'closed';
      state = open(folder, command);
      for (const one of before) state.append(one);
    },
    close() {
      file()?.close();
      state = 'closed';
    },
  };
}

function open(folder: string, command: string): LogFile {
  try {
    return openLogFile(keptFromGit(folder), { command, now: new Date() });
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const reason = REASONS[code ?? ''] ?? message;
    throw new BootstrapError('E_LOG_FOLDER', `the log of the run cannot be written to ${folder}: ${reason}`, {
      cause,
      hint: 'Keep the inventory in a folder that you may write: everything about the cluster is kept beside it. Nothing was changed.',
    });
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  ENOSPC: 'the disk is full',
  ENOTDIR: 'a file is in its place',
  EEXIST: 'a file is in its place',
  EROFS: 'the file system is read-only',
};

/** Logs and downloads beside an inventory are nobody's to commit; the state folder has a file like this, too. */
function keptFromGit(logFolder: string): string {
  const folder = dirname(logFolder);
  // The inventory's own folder is there. (In /proc, which has none to be made, Node's recursive mkdir never ends.)
  if (!existsSync(folder)) mkdirSync(folder, { mode: 0o700 });
  if (!existsSync(join(folder, '.gitignore'))) writeFileSync(join(folder, '.gitignore'), '*\n');
  return logFolder;
}
