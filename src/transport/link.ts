import { connect as connectTcp } from 'node:net';
import type { Duplex } from 'node:stream';
import ssh2, { type Algorithms, type Client } from 'ssh2';
import { asBootstrapError, BootstrapError } from '../kernel/errors.ts';
import { algorithmsFor, HOST_KEY_TYPES } from './algorithms.ts';
import { login } from './auth.ts';
import { quotable } from '../kernel/quotable.ts';
import { gatherWrites } from './gather-writes.ts';
import { authError, connectError, forwardError, timeoutError } from './connection-errors.ts';
import { refuseGlobalRequests } from './nudge.ts';
import { Sighting, sightingOf, type KnownHostsPolicy } from './host-keys.ts';
import { verifyHostKey } from './host-key-check.ts';
import { hostKey, type HostKey } from './known-hosts.ts';
import type { KeyRing } from './private-key.ts';
import type { SshTarget } from './target.ts';
import type { Tuning } from './tuning.ts';

/** One logged-in connection. */
export interface Link {
  readonly client: Client;
  /** The last error the connection reported: why it was lost, if it was. */
  lastError(): Error | undefined;
  /** Says goodbye, and lets go of the jump host that it goes through. */
  end(): void;
}

export interface LinkDeps {
  readonly knownHosts: KnownHostsPolicy;
  readonly keys: KeyRing;
  readonly agentSocket: string | undefined;
  readonly tuning: Tuning;
  readonly signal: AbortSignal;
  /** The jump host's connection, when the target is behind one. */
  readonly jump: Link | undefined;
  /** Called for each connection made, also for one that fails later. */
  readonly dialled: () => void;
}

/**
 * Connects once: dials, checks the host key, logs in.
 * @throws E_CONNECT_…, E_HOST_KEY_…, E_AUTH, E_SSH_KEY, E_SSH_PROTOCOL, E_JUMP_FORBIDDEN, E_ABORTED
 */
export async function openLink(target: SshTarget, deps: LinkDeps): Promise<Link> {
  const known = await deps.knownHosts.lookup(target.address, target.ssh.port);
  const knownTypes = known.keys.map(({ type }) => type);
  const verify: Verify = (key) => verifyHostKey(target, key, known, deps.knownHosts.acceptNew);
  // A pin doesn't tell the type of its key, so a server with several keys is asked for one type after the other.
  const refusedTypes: string[] = [];
  let mismatch: unknown;
  while (refusedTypes.length < HOST_KEY_TYPES) {
    try {
      return await attempt(target, deps, algorithmsFor(knownTypes, refusedTypes), verify);
    } catch (error) {
      const refused = target.ssh.hostKey === undefined ? undefined : sightingOf(error)?.key.type;
      if (refused === undefined)
        throw asBootstrapError(error).code === 'E_SSH_PROTOCOL' ? (mismatch ?? error) : error;
      mismatch ??= error;
      refusedTypes.push(refused);
    }
  }
  throw mismatch;
}

/** Whether a key is good; `new` is good, and to be written down. */
type Verify = (key: HostKey) => 'known' | 'new' | BootstrapError;

async function attempt(
  target: SshTarget,
  deps: LinkDeps,
  algorithms: Algorithms,
  verify: Verify,
): Promise<Link> {
  const limit = new AbortController();
  const abort = (): void => {
    limit.abort(
      new BootstrapError('E_ABORTED', 'stopped while connecting', {
        where: { host: target.host },
      }),
    );
  };
  if (deps.signal.aborted) abort();
  deps.signal.addEventListener('abort', abort);
  const timer = setTimeout(() => {
    limit.abort(timeoutError(target));
  }, target.ssh.connectTimeoutSeconds * 1000);
  try {
    limit.signal.throwIfAborted();
    deps.dialled();
    const socket = deps.jump ? await throughJump(deps.jump, target, limit.signal) : dial(target);
    gatherWrites(socket);
    return await handshake(target, deps, socket, algorithms, verify, limit.signal);
  } finally {
    clearTimeout(timer);
    deps.signal.removeEventListener('abort', abort);
  }
}

/** Nagle's algorithm off from the first byte: with delayed ACKs it costs 40 ms per command. */
function dial({ address, ssh }: SshTarget): Duplex {
  return connectTcp({ host: address, port: ssh.port, noDelay: true });
}

function throughJump(jump: Link, target: SshTarget, limit: AbortSignal): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    limit.addEventListener('abort', () => {
      reject(limit.reason as Error);
    });
    jump.client.forwardOut('127.0.0.1', 0, target.address, target.ssh.port, (error, stream) => {
      if (error) reject(forwardError(target, error));
      else if (limit.aborted) stream.destroy();
      else resolve(endedAtOnce(stream));
    });
  });
}

/**
 * When the target goes, sshd of the jump host says that its side has ended and waits for ours, and ssh2 waits for more
 * with its keepalive stopped: for ever. A socket of TCP closes by itself then.
 */
const endedAtOnce = (stream: Duplex): Duplex => stream.once('end', () => stream.destroy());

function handshake(
  target: SshTarget,
  { keys, agentSocket, knownHosts, tuning }: LinkDeps,
  socket: Duplex,
  algorithms: Algorithms,
  verify: Verify,
  limit: AbortSignal,
): Promise<Link> {
  return new Promise((resolve, reject) => {
    const client = new ssh2.Client();
    const { handler, report } = login(target.ssh, keys, agentSocket);
    let lastError: Error | undefined;
    let refusal: BootstrapError | undefined;
    let writingDown = Promise.resolve();
    let goodKey: HostKey | undefined;
    let isNew = false;

    const fail = (error: BootstrapError): void => {
      limit.removeEventListener('abort', abort);
      socket.destroy();
      reject(refusal ?? error);
    };
    const abort = (): void => {
      fail(limit.reason as BootstrapError);
    };
    const closed = (): void => {
      const cause = lastError ?? new Error('connection lost before login');
      fail(report.tried.length > 0 ? authError(target, report, cause) : connectError(target, cause));
    };

    limit.addEventListener('abort', abort);
    // Stays for good: an 'error' without a listener would end the process.
    client.on('error', (error: Error & { level?: string }) => {
      lastError = error;
      if (error.level === 'agent' || error.message.startsWith('Error signing')) return; // the next key is tried
      const aboutLogin =
        error.level === 'client-authentication' || /authentication failures/i.test(error.message);
      fail(aboutLogin ? authError(target, report, error) : connectError(target, error));
    });
    client.once('close', closed);
    client.on('banner', (text) => {
      report.said = quotable(text);
    });
    client.once('handshake', () => {
      // Only now has the host proved that the key is its own.
      if (!goodKey) return;
      const { host, address, ssh } = target;
      const sighting = new Sighting({ host, address, port: ssh.port, key: goodKey });
      if (isNew) {
        writingDown = knownHosts.trust([sighting]);
        writingDown.catch(() => undefined); // looked at below
      }
      knownHosts.proved?.(sighting);
    });
    client.once('ready', () => {
      writingDown.then(
        () => {
          limit.removeEventListener('abort', abort);
          client.off('close', closed);
          resolve({ client, lastError: () => lastError, end: () => client.end() });
        },
        (error: unknown) => {
          fail(asBootstrapError(error));
        },
      );
    });
    client.connect({
      sock: socket,
      username: target.ssh.user,
      authHandler: handler,
      algorithms,
      readyTimeout: 0, // `limit` covers the dialling too
      keepaliveInterval: tuning.keepaliveMs,
      keepaliveCountMax: tuning.keepaliveCount,
      hostVerifier: (blob: Buffer) => {
        const key = hostKey(blob);
        const verdict = key ? verify(key) : connectError(target, new Error('the host key cannot be read'));
        if (verdict instanceof BootstrapError) refusal = verdict;
        else goodKey = key;
        isNew = verdict === 'new';
        return refusal === undefined;
      },
    });
    refuseGlobalRequests(client);
  });
}
