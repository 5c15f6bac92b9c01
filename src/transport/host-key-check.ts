import type { BootstrapError } from '../kernel/errors.ts';
import { changedHostKey, revokedHostKey, unknownHostKey } from './connection-errors.ts';
import { judgeHostKey, type HostKey, type KnownKeys } from './known-hosts.ts';
import type { SshTarget } from './target.ts';

/**
 * Judges the key a host presents. A pinned fingerprint decides alone, but for revocations; else known_hosts does,
 * and a host never seen before passes as `new` only when new ones are accepted. A changed key never passes.
 */
export function verifyHostKey(
  target: SshTarget,
  key: HostKey,
  known: KnownKeys,
  acceptNew: boolean,
): 'known' | 'new' | BootstrapError {
  const verdict = judgeHostKey(known, key);
  const pinned = target.ssh.hostKey;
  if (verdict.state === 'revoked') return revokedHostKey(target, key);
  if (pinned !== undefined) {
    return key.fingerprint === pinned ? 'known' : changedHostKey(target, key, `the pinned ${pinned}`);
  }
  if (verdict.state === 'changed') {
    const expected = verdict.expected.map(({ type, fingerprint }) => `${type} ${fingerprint}`).join(' or ');
    return changedHostKey(target, key, expected);
  }
  if (verdict.state === 'unknown') return acceptNew ? 'new' : unknownHostKey(target, key, known);
  return 'known';
}
