import type { Client } from 'ssh2';

interface Protocol {
  requestFailure(): void;
  readonly _handlers?: { GLOBAL_REQUEST?: (protocol: Protocol) => void };
}

/** What ssh2's client keeps for itself, from `connect` on. */
const inside = (client: Client): Protocol | undefined =>
  (client as unknown as { readonly _protocol?: Protocol })._protocol;

/**
 * Sends a server something it need not answer, so that it need not wait: sshd leaves Nagle's algorithm on, and holds its
 * next few bytes back until the last ones are acknowledged, which takes 40 ms where nothing is sent. The packet is the
 * "no" to a request; one that was never made OpenSSH takes for a sign of life.
 */
export function nudge(client: Client): void {
  inside(client)?.requestFailure();
}

/**
 * Answers no request of a server but by "no". After each login OpenSSH lists its host keys (PROTOCOL, section 2.5), and
 * ssh2, which has no option against it, lets it prove them: an RSA signature and more on every connection, for keys that
 * nobody asks for. The key that the host is known by was proved before.
 */
export function refuseGlobalRequests(client: Client): void {
  const handlers = inside(client)?._handlers;
  if (!handlers) return;
  handlers.GLOBAL_REQUEST = () => {
    nudge(client);
  };
}
