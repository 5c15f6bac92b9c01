import type { Client } from 'ssh2';

interface Protocol {
  requestFailure(): void;
}

/** What ssh2's client keeps for itself, from `connect` on. */
interface Inside {
  readonly _protocol?: {
    readonly _handlers?: {
      GLOBAL_REQUEST?: (protocol: Protocol, name: string, wantReply: boolean) => void;
    };
  };
}

/**
 * Answers no request of a server. After each login OpenSSH lists its host keys (PROTOCOL, section 2.5), and ssh2, which
 * has no option against it, lets it prove them: an RSA signature and more on every connection, for keys that nobody
 * asks for. The key that the host is known by was proved before.
 */
export function refuseGlobalRequests(client: Client): void {
  const handlers = (client as unknown as Inside)._protocol?._handlers;
  if (!handlers) return;
  handlers.GLOBAL_REQUEST = (protocol, _name, wantReply) => {
    if (wantReply) protocol.requestFailure();
  };
}
