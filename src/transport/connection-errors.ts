import { BootstrapError } from '../kernel/errors.ts';
import { quote } from '../kernel/quote.ts';
import type { LoginReport } from './auth.ts';
import { Sighting } from './host-keys.ts';
import type { HostKey, KnownKeys } from './known-hosts.ts';
import { place, type SshTarget } from './target.ts';

/** How many more times a failed connection is tried: only what passes by itself, never a login or a host key. */
export const RETRIES: Readonly<Record<string, number>> = {
  E_CONNECT_REFUSED: 2,
  E_CONNECT_TIMEOUT: 1,
  // sshd drops connections at random while more than MaxStartups are logging in.
  E_CONNECT_RESET: 5,
};

/** Why a connection could not be made, from what the socket or ssh2 said. */
export function connectError(target: SshTarget, cause: Error): BootstrapError {
  const { code, message } = cause as NodeJS.ErrnoException;
  const known = CAUSES.find(
    ({ match }) => (typeof code === 'string' && match.test(code)) || match.test(message),
  );
  const details = { cause, where: { host: target.host } };
  if (!known) {
    return new BootstrapError('E_SSH_PROTOCOL', `${place(target)}: the SSH connection failed: ${message}`, {
      ...details,
      hint: `See what the server says: ssh -v -p ${target.ssh.port} ${target.ssh.user}@${target.address}`,
    });
  }
  const through = target.via ? `, asked through ${target.via.host}` : '';
  return new BootstrapError(known.code, `${place(target)} ${known.what}${through}`, {
    ...details,
    hint: known.hint,
  });
}

/** A jump host's answer to the request to connect to a target: RFC 4254 section 5.1 has the reasons. */
export function forwardError(target: SshTarget, cause: Error): BootstrapError {
  const { reason } = cause as { reason?: unknown };
  return connectError(target, reason === 1 ? Object.assign(cause, { code: 'EPERM' }) : cause);
}

export function timeoutError(target: SshTarget): BootstrapError {
  return connectError(target, Object.assign(new Error('timed out'), { code: 'ETIMEDOUT' }));
}

/** The texts behind codes are what sshd or ssh2 say when there is no code, such as for a jump host's attempt. */
const CAUSES = [
  {
    match: /^ECONNREFUSED$|connection refused/i,
    code: 'E_CONNECT_REFUSED',
    what: 'refuses connections',
    hint: 'The host is up, but nothing listens on this port: check that sshd runs, and ssh.port in the inventory (init: --port).',
  },
  {
    match: /^(EHOSTUNREACH|ENETUNREACH|EHOSTDOWN)$|no route to host|network is unreachable/i,
    code: 'E_CONNECT_UNREACHABLE',
    what: 'cannot be reached: no route to host',
    hint: 'Check the address and that the host is on; a firewall that rejects (firewalld does) gives the same answer.',
  },
  {
    match: /^(ENOTFOUND|EAI_AGAIN|EAI_NODATA)$|name or service not known|could not resolve|unknown host/i,
    code: 'E_CONNECT_NAME',
    what: 'cannot be reached: the name does not resolve',
    hint: 'Check the spelling and the DNS, or write an IP address as the host’s address.',
  },
  {
    match: /^ETIMEDOUT$|timed? ?out/i,
    code: 'E_CONNECT_TIMEOUT',
    what: 'does not answer in time',
    hint: 'The host may be off, the address wrong, or a firewall drops packets; a slow network needs a larger ssh.connectTimeoutSeconds.',
  },
  {
    match: /^EPERM$/,
    code: 'E_JUMP_FORBIDDEN',
    what: 'cannot be reached: the jump host does not forward connections',
    hint: 'Set AllowTcpForwarding yes (and PermitOpen, if there is one) in the jump host’s sshd_config.',
  },
  {
    match: /channel open failure/i,
    code: 'E_CONNECT_UNREACHABLE',
    what: 'cannot be reached',
    hint: 'The jump host could not connect to it: check the address as the jump host sees it, and the port.',
  },
  {
    match: /^(ECONNRESET|EPIPE|ECONNABORTED)$|lost before handshake|socket hang up|lost before login/i,
    code: 'E_CONNECT_RESET',
    what: 'closed the connection before the login',
    hint: 'sshd drops connections when too many are logging in at once (MaxStartups), or blocks this machine (fail2ban, hosts.deny).',
  },
  {
    match: /no matching (.*) algorithm|no matching/i,
    code: 'E_SSH_PROTOCOL',
    what: 'has no SSH algorithm in common with this program',
    hint: 'OpenSSH 7.4 or newer with its default ciphers is needed; see Ciphers, MACs, KexAlgorithms and HostKey in sshd_config.',
  },
  {
    match: /protocol version|invalid ident|identification|handshake failed/i,
    code: 'E_SSH_PROTOCOL',
    what: 'does not speak SSH on this port',
    hint: 'Check ssh.port (init: --port): something other than sshd answers there.',
  },
] as const;

/** All ways to log in were refused, or there was none. */
export function authError(target: SshTarget, report: LoginReport, cause: Error): BootstrapError {
  const { user } = target.ssh;
  const [unusable] = report.unusable;
  const tried = report.tried.length === 0 ? 'nothing to log in with' : `tried ${report.tried.join('; ')}`;
  const offered = report.offered ? `; the server takes ${report.offered.join(', ')}` : '';
  const broken = report.unusable.map(({ message }) => `; ${message}`).join('');
  const said = report.said === '' ? '' : `; it said: ${report.said}`;
  const tooMany = /too many/i.test(cause.message);
  return new BootstrapError(
    unusable ? 'E_SSH_KEY' : 'E_AUTH',
    `${place(target)} does not let ${user} in: ${tried}${offered}${broken}${said}`,
    {
      cause,
      where: { host: target.host },
      hint:
        unusable?.hint ??
        (tooMany
          ? 'The agent holds more keys than the server lets a client try: set ssh.agent: false and name the key in ssh.keys.'
          : `Check ${settingsTried(report)} in the inventory; it must work by hand: ${byHand(target, report)}`),
    },
  );
}

const settingsTried = ({ tried }: LoginReport): string =>
  tried.some((one) => /^(?:password|keyboard)/.test(one))
    ? 'ssh.user and ssh.password'
    : 'ssh.user and ssh.keys (init: --user and --key)';

/** With the key that was tried, which an ssh of one's own may not think of. */
function byHand({ ssh: { port, user }, address }: SshTarget, { tried }: LoginReport): string {
  const keys = tried.flatMap((one) => (one.startsWith('key ') ? ['-i', quote(one.slice(4))] : []));
  return ['ssh', ...keys, '-p', port, `${user}@${address}`].join(' ');
}

/** What is to be done when a host presents another key than before. */
export const ANOTHER_KEY =
  'Somebody may be between you and the host. If it was reinstalled, compare the fingerprint on the host itself, then run "k8s-bootstrap trust HOST --replace"; where there is no inventory yet, take the old key out of known_hosts.';

export function unknownHostKey(target: SshTarget, key: HostKey, known: KnownKeys): BootstrapError {
  const authority = known.authority
    ? ' Its @cert-authority line does not help: host certificates are not supported.'
    : '';
  return new BootstrapError(
    'E_HOST_KEY_UNKNOWN',
    `${place(target)} is not a known host: it presents ${key.type} ${key.fingerprint}`,
    {
      cause: sighting(target, key),
      where: { host: target.host },
      hint: `Compare the fingerprint with the one on the host (ssh-keygen -lf /etc/ssh/ssh_host_*_key.pub), then add --accept-new-host-keys; where there is an inventory, "k8s-bootstrap trust" and ssh.hostKey do as well.${authority}`,
    },
  );
}

export function changedHostKey(target: SshTarget, key: HostKey, expected: string): BootstrapError {
  return new BootstrapError(
    'E_HOST_KEY_CHANGED',
    `${place(target)} presents another host key than the known one: ${key.type} ${key.fingerprint} instead of ${expected}`,
    {
      cause: sighting(target, key),
      where: { host: target.host },
      hint: ANOTHER_KEY,
    },
  );
}

export function revokedHostKey(target: SshTarget, key: HostKey): BootstrapError {
  return new BootstrapError(
    'E_HOST_KEY_REVOKED',
    `${place(target)} presents the revoked host key ${key.fingerprint}`,
    {
      where: { host: target.host },
      hint: 'known_hosts has a @revoked line for this key: the host needs a new one.',
    },
  );
}

export function lostError(target: SshTarget, cause: Error | undefined): BootstrapError {
  return new BootstrapError('E_CONNECTION_LOST', `${place(target)}: the connection was lost`, {
    cause,
    where: { host: target.host },
    hint: 'The host went down, or the network did. What was running there may have ended or not; run the command again.',
  });
}

function sighting({ host, address, ssh }: SshTarget, key: HostKey): Sighting {
  return new Sighting({ host, address, port: ssh.port, key });
}
