import type { Secret } from '../kernel/secret.ts';

/** A host to log in to; `Host` of the inventory has all of this. */
export interface SshTarget {
  /** The name in messages. */
  readonly host: string;
  /** What is dialled, by this machine or by the jump host. */
  readonly address: string;
  readonly ssh: SshSettings;
  /** The jump host to go through; it may have one of its own. */
  readonly via?: SshTarget | undefined;
}

export interface SshSettings {
  readonly user: string;
  readonly port: number;
  /** Private key files, tried in order after the agent. */
  readonly keys: readonly string[];
  /** Whether the keys of the agent at `$SSH_AUTH_SOCK` are tried. It is never forwarded. */
  readonly agent: boolean;
  readonly passphrase: Secret | undefined;
  readonly password: Secret | undefined;
  /** Pinned host key, `SHA256:…`; known_hosts is then asked for revocations only. */
  readonly hostKey: string | undefined;
  readonly connectTimeoutSeconds: number;
  readonly commandTimeoutSeconds: number;
}

/** `m1 (10.0.0.1:22)`, as every message names a host; `10.0.0.1:22` of one that has no name yet. */
export function place({ host, address, ssh }: SshTarget): string {
  const dialled = `${address.includes(':') ? `[${address}]` : address}:${ssh.port}`;
  return host === address ? dialled : `${host} (${dialled})`;
}
