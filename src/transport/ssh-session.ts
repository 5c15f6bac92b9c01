import type { ClientChannel } from 'ssh2';
import { BootstrapError } from '../kernel/errors.ts';
import { quote } from '../kernel/quote.ts';
import { retry } from '../kernel/retry.ts';
import { startOnChannel } from './channel.ts';
import { lostError, RETRIES } from './connection-errors.ts';
import type { KnownHostsPolicy } from './host-keys.ts';
import { createJumpPool, type JumpPool } from './jump.ts';
import { openLink, type Link } from './link.ts';
import { createKeyRing, type KeyRing } from './private-key.ts';
import { createSemaphore } from './semaphore.ts';
import type { Session } from './session.ts';
import { abortedError, supervise, type Running } from './supervise.ts';
import type { SshTarget } from './target.ts';
import { DEFAULT_TUNING, type Tuning } from './tuning.ts';

/** What the connections of one run have in common: decrypted keys, connections to jump hosts. */
export interface Shared {
  readonly keys: KeyRing;
  readonly jumps: JumpPool;
  readonly tuning: Tuning;
}

export function createShared(tuning: Partial<Tuning> = {}): Shared {
  const all = { ...DEFAULT_TUNING, ...tuning };
  return { keys: createKeyRing(), jumps: createJumpPool(all.loginsThroughJump), tuning: all };
}

export interface SshDeps {
  readonly knownHosts: KnownHostsPolicy;
  readonly signal: AbortSignal;
  /** One for all hosts of a run; by default the connection shares nothing. */
  readonly shared?: Shared;
  /** Default `$SSH_AUTH_SOCK`. */
  readonly agentSocket?: string | undefined;
}

/**
 * Connects to a host and logs in, through its jump hosts if it has any. What passes by itself is tried again
 * (refused, reset, timed out), a refused login or host key never.
 * @throws as `openLink`
 */
export async function connectSsh(target: SshTarget, deps: SshDeps): Promise<Session> {
  const stats = { connections: 0, execs: 0, bytesSent: 0 };
  const shared = deps.shared ?? createShared();
  const dialled = (): void => {
    stats.connections += 1;
  };
  const link = await connectLink(target, { ...deps, shared }, dialled);
  return sessionOn(link, target, shared.tuning, stats);
}

async function connectLink(
  target: SshTarget,
  deps: SshDeps & { readonly shared: Shared },
  dialled: () => void,
): Promise<Link> {
  const { knownHosts, signal, shared, agentSocket = process.env.SSH_AUTH_SOCK } = deps;
  const { via } = target;
  const hop = via && (await shared.jumps.acquire(via, () => connectLink(via, deps, () => undefined)));
  const left: Record<string, number> = { ...RETRIES };
  const again = (error: unknown): boolean => {
    const code = error instanceof BootstrapError ? error.code : '';
    left[code] = (left[code] ?? 0) - 1;
    return left[code] >= 0;
  };
  const open = async (): Promise<Link> => {
    const done = await hop?.logins.acquire(signal);
    try {
      return await openLink(target, { knownHosts, signal, ...shared, agentSocket, jump: hop?.link, dialled });
    } finally {
      done?.();
    }
  };
  try {
    const link = await retry(open, {
      attempts: 10,
      delayMs: shared.tuning.retryDelayMs,
      signal,
      when: again,
    });
    link.client.once('close', () => hop?.release());
    const end = (): void => {
      link.end();
      // At once: behind a jump host a goodbye is answered 40 ms late, as nobody acknowledges its last bytes.
      hop?.release();
    };
    return { ...link, end };
  } catch (error) {
    hop?.release();
    throw signal.aborted ? abortedError(target.host, 'the connection was made', error) : error;
  }
}

type Counters = { -readonly [K in keyof Session['stats']]: number };

function sessionOn(link: Link, target: SshTarget, tuning: Tuning, stats: Counters): Session {
  const { client } = link;
  const { host } = target;
  const slots = createSemaphore(tuning.channels);
  const sent = (bytes: number): void => {
    stats.bytesSent += bytes;
  };
  let closed = false;
  client.once('close', () => {
    closed = true;
  });
  const lost = (): BootstrapError => lostError(target, link.lastError());
  const closeChannel = (channel: ClientChannel): void => {
    channel.close();
    // sshd keeps a channel while its command lives. Without its confirmation the connection is given up.
    const timer = setTimeout(() => client.destroy(), tuning.closeGraceMs);
    channel.once('close', () => {
      clearTimeout(timer);
    });
  };

  return {
    host,
    stats,
    async exec(command, options = {}) {
      if (closed) throw lost();
      const { signal, moreMs = 0 } = options;
      const { timeoutMs = target.ssh.commandTimeoutSeconds * 1000 + moreMs } = options;
      const release = await slots.acquire(signal).catch((error: unknown) => {
        throw abortedError(host, 'the command had started', error);
      });
      let started = false;
      const start = async (): Promise<Running> => {
        started = true;
        try {
          const running = await startOnChannel(client, commandLine(command), {
            host,
            retryDelayMs: tuning.retryDelayMs,
            signal,
            lost: () => (closed ? lost() : undefined),
            kill: closeChannel,
            closed: release,
          });
          stats.execs += 1;
          return running;
        } catch (error) {
          release();
          throw error;
        }
      };
      return supervise(host, { ...options, timeoutMs }, sent, start).finally(() => {
        if (!started) release();
      });
    },
    close: () => (closed ? Promise.resolve() : closeLink(link, tuning.closeGraceMs)),
  };
}

/**
 * The login shell, whichever it is, only sees words that csh and fish read as sh does. The command itself is read
 * by sh, in the C locale: an `env` request would depend on the host's AcceptEnv.
 */
function commandLine(command: string): string {
  return `exec env LC_ALL=C sh -c ${quote(command)}`;
}

function closeLink(link: Link, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => link.client.destroy(), graceMs);
    link.client.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
    link.end();
  });
}
