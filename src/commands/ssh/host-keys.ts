import { verifyHostKey } from '../../transport/host-key-check.ts';
import type { KnownHostsPolicy, Sighting } from '../../transport/host-keys.ts';
import { BootstrapError } from '../../kernel/errors.ts';
import { formatLine, type HostKey } from '../../transport/known-hosts.ts';
import { connectSsh } from '../../transport/ssh-session.ts';
import { place, type SshTarget } from '../../transport/target.ts';

/**
 * Lines of a known_hosts file by which the system's ssh judges a host as this program does: the keys that count for it,
 * and those that were revoked. `undefined` for a host that nothing is known of: ssh asks about it.
 *
 * A pin is a fingerprint, ssh wants the key: it is looked for among the known ones, else the host is asked for it.
 * @throws E_HOST_KEY_… when the host has another key than the pinned one, or that was revoked; as `connectSsh`
 */
export async function knownHostsLines(
  target: SshTarget,
  policy: KnownHostsPolicy,
  signal: AbortSignal,
): Promise<string[] | undefined> {
  const { address, ssh } = target;
  const known = await policy.lookup(address, ssh.port);
  const line = (key: HostKey): string => formatLine(address, ssh.port, key);
  const revoked = known.revoked.map((key) => `@revoked ${line(key)}`);
  if (ssh.hostKey === undefined) {
    return known.keys.length === 0 ? undefined : [...revoked, ...known.keys.map(line)];
  }
  const pinned = [...known.keys, ...known.revoked].find(({ fingerprint }) => fingerprint === ssh.hostKey);
  const key = pinned ?? (await shownBy(target, policy, signal));
  const verdict = verifyHostKey(target, key, known, false);
  if (verdict instanceof BootstrapError) throw verdict;
  return [...revoked, line(key)];
}

/** The key that a host proves to have, which is the pinned one; it is not logged in for that. */
async function shownBy(target: SshTarget, policy: KnownHostsPolicy, signal: AbortSignal): Promise<HostKey> {
  const enough = new AbortController();
  let proved: Sighting | undefined;
  const knownHosts: KnownHostsPolicy = {
    ...policy,
    proved: (sighting) => {
      if (sighting.host !== target.host) return; // a jump host
      proved = sighting;
      enough.abort();
    },
  };
  try {
    const session = await connectSsh(target, {
      knownHosts,
      signal: AbortSignal.any([signal, enough.signal]),
    });
    await session.close();
  } catch (error) {
    if (proved === undefined) throw error;
  }
  if (proved === undefined)
    throw new BootstrapError('E_BUG', `${place(target)} was logged in to without a key`);
  return proved.key;
}
