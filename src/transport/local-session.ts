import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { constants } from 'node:os';
import { BootstrapError } from '../kernel/errors.ts';
import type { Session } from './session.ts';
import { supervise, type Running } from './supervise.ts';

export interface LocalOptions {
  readonly host?: string;
  /** The shell that reads the command lines; default `sh`. */
  readonly shell?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

/** A session on this machine: the same contract as over SSH, without a connection. */
export function localSession({
  host = 'localhost',
  shell = 'sh',
  env,
  timeoutMs,
}: LocalOptions = {}): Session {
  const stats = { connections: 0, execs: 0, bytesSent: 0 };
  const open = new Set<Running>();
  return {
    host,
    stats,
    exec(command, options = {}) {
      const { moreMs = 0 } = options;
      const limits = timeoutMs === undefined ? options : { timeoutMs: timeoutMs + moreMs, ...options };
      return supervise(
        host,
        limits,
        (bytes) => {
          stats.bytesSent += bytes;
        },
        async () => {
          // A group of its own, so that a time limit ends the command's children too.
          const child = spawn(shell, ['-c', command], {
            detached: true,
            env: { ...process.env, ...env, LC_ALL: 'C' },
          });
          const running = await started(host, child);
          stats.execs += 1;
          open.add(running);
          void running.ended.catch(() => undefined).then(() => open.delete(running));
          return running;
        },
      );
    },
    close() {
      for (const running of open) running.kill();
      return Promise.resolve();
    },
  };
}

function started(host: string, child: ChildProcessWithoutNullStreams): Promise<Running> {
  return new Promise((resolve, reject) => {
    child.once('error', (cause) => {
      reject(
        new BootstrapError('E_CHANNEL', `${host}: cannot start ${child.spawnfile}: ${cause.message}`, {
          cause,
        }),
      );
    });
    child.once('spawn', () => {
      const ended = new Promise<number>((end) => {
        child.once('close', (code, signal) => {
          end(code ?? 128 + (signal ? constants.signals[signal] : 0));
        });
      });
      resolve({
        stdin: child.stdin,
        stdout: child.stdout,
        stderr: child.stderr,
        ended,
        kill: () => {
          killGroup(child);
        },
      });
    });
  });
}

function killGroup(child: ChildProcessWithoutNullStreams): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  } catch {
    // already gone
  }
  // A child that left the group may still hold the pipes; nobody listens to it any more.
  child.stdout.destroy();
  child.stderr.destroy();
  child.stdin.destroy();
}
