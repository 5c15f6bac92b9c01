import type { Client, ClientChannel } from 'ssh2';
import { BootstrapError } from '../kernel/errors.ts';
import { retry } from '../kernel/retry.ts';
import { nudge } from './nudge.ts';
import type { Running } from './supervise.ts';

export interface ChannelOptions {
  readonly host: string;
  readonly retryDelayMs: number;
  readonly signal: AbortSignal | undefined;
  /** Why the connection is gone; `undefined` while it isn't. */
  readonly lost: () => BootstrapError | undefined;
  readonly kill: (channel: ClientChannel) => void;
  readonly closed: () => void;
}

/**
 * Opens a channel and starts a command on it. A refused channel is tried again: sshd counts a session against
 * MaxSessions for a moment after it was closed.
 * @throws E_CHANNEL when the host doesn't start it, else what `lost` makes
 */
export async function startOnChannel(
  client: Client,
  command: string,
  options: ChannelOptions,
): Promise<Running> {
  const { host, retryDelayMs, signal, lost } = options;
  const refused = (error: unknown): boolean => typeof (error as { reason?: unknown }).reason === 'number';
  const execute = (): Promise<Running> =>
    new Promise((resolve, reject) => {
      client.exec(command, (error, channel) => {
        if (error) {
          reject(error);
          return;
        }
        resolve(follow(channel, options)); // at once: the next packet may be the exit code already
        nudge(client);
      });
    });
  try {
    return await retry(execute, { attempts: 6, delayMs: retryDelayMs, signal, when: refused });
  } catch (cause) {
    throw (
      lost() ??
      new BootstrapError('E_CHANNEL', `${host}: no command can be started: ${(cause as Error).message}`, {
        cause,
        where: { host },
        hint: refused(cause)
          ? 'Check MaxSessions in the host’s sshd_config; 10 is its default.'
          : 'The account may be limited to one command or to file transfer (ForceCommand, a nologin shell).',
      })
    );
  }
}

/**
 * Only a code or a signal that the host reports counts as an end; a channel that closes without one was lost.
 * Both outputs must be read, or it never closes.
 */
function follow(channel: ClientChannel, { host, lost, kill, closed }: ChannelOptions): Running {
  let code: number | undefined;
  channel.on('exit', (status: number | null, signal?: string) => {
    code = status ?? 128 + (SIGNALS[signal?.replace(/^SIG/, '') ?? ''] ?? 0);
  });
  channel.once('close', closed);
  const stdoutEnded = new Promise<void>((resolve) => channel.once('close', resolve));
  const stderrEnded = new Promise<void>((resolve) => channel.stderr.once('end', resolve));
  const ended = Promise.all([stdoutEnded, stderrEnded]).then(() => {
    if (code === undefined) throw lost() ?? endedWithoutCode(host);
    return code;
  });
  const running = { stdin: channel, stdout: channel, stderr: channel.stderr, ended };
  return {
    ...running,
    kill: () => {
      kill(channel);
    },
  };
}

function endedWithoutCode(host: string): BootstrapError {
  return new BootstrapError(
    'E_CONNECTION_LOST',
    `${host}: the command’s channel was closed before it had ended`,
    {
      where: { host },
      hint: 'The host closed it: the login session was ended there, or sshd was stopped.',
    },
  );
}

/** The signals of RFC 4254 section 6.10, by their numbers on Linux, where the command ran. */
const SIGNALS: Readonly<Record<string, number>> = {
  HUP: 1,
  INT: 2,
  QUIT: 3,
  ILL: 4,
  ABRT: 6,
  FPE: 8,
  KILL: 9,
  USR1: 10,
  SEGV: 11,
  USR2: 12,
  PIPE: 13,
  ALRM: 14,
  TERM: 15,
};
