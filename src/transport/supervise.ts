import type { Readable, Writable } from 'node:stream';
import { BootstrapError } from '../kernel/errors.ts';
import { STARTED } from './feed.ts';
import { quotable } from '../kernel/quotable.ts';
import { type ExecOptions, type ExecResult, OUTPUT_LIMIT } from './session.ts';
import { feed, type Feeding } from './stdin.ts';

/** A command that was started, whatever started it. */
export interface Running {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Resolves to the exit code once both outputs have ended. */
  readonly ended: Promise<number>;
  /** Gets rid of it; nothing is expected of it afterwards. */
  kill(): void;
}

/**
 * Runs a command to its end: feeds it, collects what it prints, and stops it at the time limit or on abort.
 * The limit counts from here on, so it covers the start as well.
 */
export function supervise(
  host: string,
  options: ExecOptions,
  sent: (bytes: number) => void,
  start: () => Promise<Running>,
): Promise<ExecResult> {
  const { timeoutMs, signal, outputLimit = OUTPUT_LIMIT, keepStdout = true } = options;
  return new Promise((resolve, reject) => {
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    let running: Running | undefined;
    let feeding: Feeding | undefined;
    let settled = false;

    const settle = (): boolean => {
      if (settled) return false;
      settled = true;
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      feeding?.stop();
      return true;
    };
    const fail = (error: unknown): void => {
      if (!settle()) return;
      running?.kill();
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- passed on as it came
      reject(error);
    };
    const abort = (): void => {
      fail(abortedError(host, 'the command had ended', signal?.reason));
    };
    const timer =
      timeoutMs === undefined || timeoutMs === Infinity
        ? undefined
        : setTimeout(() => {
            fail(timeoutError(host, timeoutMs, saidBefore(stdout, stderr)));
          }, timeoutMs);
    const end = (code: number): void => {
      if (settle()) resolve({ code, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr) });
    };
    let tail = Buffer.alloc(0);
    const listen = (chunk: Buffer, words: Buffer): void => {
      tail = Buffer.concat([tail, chunk]).subarray(-words.length);
      if (tail.equals(words)) end(0);
    };
    const collect = (
      stream: Readable,
      chunks: Buffer[] | undefined,
      tell?: (chunk: Buffer) => void,
    ): void => {
      let kept = 0;
      stream.on('data', (chunk: Buffer) => {
        if (settled) return; // still read, so that the stream can end
        if (chunks && (kept += chunk.length) > outputLimit) {
          fail(outputError(host, outputLimit));
          return;
        }
        chunks?.push(chunk);
        try {
          tell?.(chunk);
        } catch (error) {
          fail(error);
        }
      });
    };

    if (signal?.aborted) {
      abort();
      return;
    }
    signal?.addEventListener('abort', abort);
    start().then((started) => {
      running = started;
      started.ended.then(end, fail);
      collect(started.stdout, keepStdout ? stdout : undefined, (chunk) => {
        options.onStdout?.(chunk);
        if (options.lastWords) listen(chunk, options.lastWords);
      });
      collect(started.stderr, stderr, options.onStderr);
      if (settled) started.kill();
      else feeding = feed(options.stdin, started.stdin, sent, fail);
    }, fail);
  });
}

export function abortedError(host: string, before: string, cause: unknown): BootstrapError {
  return new BootstrapError('E_ABORTED', `stopped before ${before}`, { cause, where: { host } });
}

function outputError(host: string, limit: number): BootstrapError {
  return new BootstrapError('E_OUTPUT', `${host}: a command printed more than ${limit} bytes`, {
    hint: 'It was ended there. Is the host what it should be? Nothing that is asked of one prints that much.',
    where: { host },
  });
}

/** What came in place of a script, or before it: something there may be asking, where nobody answers. */
function saidBefore(stdout: readonly Buffer[], stderr: readonly Buffer[]): string {
  const beside = Buffer.concat(stderr);
  if (beside.includes(STARTED)) return '';
  const said = quotable(Buffer.concat(stdout), beside);
  return said === '' ? '' : `; it said: ${said}`;
}

function timeoutError(host: string, timeoutMs: number, said: string): BootstrapError {
  return new BootstrapError('E_TIMEOUT', `${host}: a command took longer than ${timeoutMs / 1000} s${said}`, {
    hint: 'The command may still be running there. A slow host or network needs a larger ssh.commandTimeoutSeconds.',
    where: { host },
  });
}
