import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Secret } from '../../src/kernel/secret.ts';
import { openKnownHosts, type KnownHostsPolicy } from '../../src/transport/host-keys.ts';
import { connectSsh, createShared, type SshDeps } from '../../src/transport/ssh-session.ts';
import type { Session } from '../../src/transport/session.ts';
import type { SshSettings, SshTarget } from '../../src/transport/target.ts';
import type { Tuning } from '../../src/transport/tuning.ts';
import { publicBlob } from './ssh-server.ts';

export const PASSWORD = 'correct horse';

/** A folder of its own for a test; `remove` it afterwards. */
export function scratch(): {
  path: string;
  file: (name: string, content: string) => string;
  remove: () => void;
} {
  const path = mkdtempSync(join(tmpdir(), 'k8sb-'));
  return {
    path,
    file: (name, content) => {
      writeFileSync(join(path, name), content, { mode: 0o600 });
      return join(path, name);
    },
    remove: () => {
      rmSync(path, { recursive: true, force: true });
    },
  };
}

export function target(
  port: number,
  ssh: Partial<SshSettings> = {},
  rest: Partial<SshTarget> = {},
): SshTarget {
  return {
    host: 'm1',
    address: '127.0.0.1',
    ...rest,
    ssh: {
      user: 'deploy',
      port,
      keys: [],
      agent: false,
      passphrase: undefined,
      password: new Secret(PASSWORD),
      hostKey: undefined,
      connectTimeoutSeconds: 5,
      commandTimeoutSeconds: 15,
      ...ssh,
    },
  };
}

/** Fast retries; everything else as in life. */
export const QUICK: Partial<Tuning> = { retryDelayMs: 5, closeGraceMs: 200 };

/** Trusts the given `host:port` keys and nothing else. */
export function trusting(folder: string, keys: Readonly<Record<string, string | Buffer>>): KnownHostsPolicy {
  const lines = Object.entries(keys).map(([name, key]) => knownHostsLine(name, key));
  const own = join(folder, 'known_hosts');
  writeFileSync(own, lines.join('\n'));
  return openKnownHosts({ own });
}

export function knownHostsLine(hosts: string, key: string | Buffer): string {
  const blob = typeof key === 'string' ? publicBlob(key) : key;
  const type = blob.toString('latin1', 4, 4 + blob.readUInt32BE(0));
  return `${hosts} ${type} ${blob.toString('base64')}`;
}

export function connect(
  to: SshTarget,
  deps: Partial<SshDeps> & Pick<SshDeps, 'knownHosts'>,
): Promise<Session> {
  return connectSsh(to, {
    signal: new AbortController().signal,
    shared: createShared(QUICK),
    agentSocket: undefined,
    ...deps,
  });
}

/** The BootstrapError that a promise rejects with, for its code and text. */
export async function failure(
  promise: Promise<unknown>,
): Promise<{ code: string; message: string; hint: string }> {
  const outcome = await promise.then(
    () => undefined,
    (error: unknown) => error as { code: string; message: string; hint: string },
  );
  if (!outcome) throw new TypeError('expected a failure, got a result');
  return outcome;
}
