import { homedir } from 'node:os';
import { join } from 'node:path';
import { quote } from '../../kernel/quote.ts';
import type { SshTarget } from '../../transport/target.ts';
import type { ClusterOptions } from '../../cluster/open.ts';
import { readInventory } from '../../cluster/read-inventory.ts';
import { stateFolderOf, targetOf } from '../../cluster/connect.ts';
import { hostNames } from '../../inventory/host-names.ts';

/**
 * Arguments for the system's `ssh` to log in to a host of the inventory as this program would: user, port, keys,
 * known hosts and the way through jump hosts. Passwords are not among them: ssh asks for those.
 * @throws E_HOST when the inventory has no such host
 */
export async function sshArguments(
  file: string,
  env: ClusterOptions['env'],
  secrets: ClusterOptions['secrets'],
  name: string,
  command: readonly string[],
): Promise<string[]> {
  const { inventory } = await readInventory(file, env, secrets);
  hostNames(inventory, [name]);
  const knownHosts = [join(stateFolderOf(inventory), 'known_hosts'), join(homedir(), '.ssh', 'known_hosts')];
  return [...loginArguments(targetOf(inventory, name), knownHosts), ...command];
}

/** @see ssh(1), ssh_config(5) */
export function loginArguments({ address, ssh, via }: SshTarget, knownHosts: readonly string[]): string[] {
  // Not -J: the jump's own ssh would know nothing of these keys and known hosts.
  const jump = via && ['ssh', ...loginArguments(via, knownHosts)];
  const proxy = jump && [...jump.slice(0, -2), '-W', '%h:%p', ...jump.slice(-2)];
  return [
    ...(proxy ? ['-o', `ProxyCommand=${proxy.map(proxyWord).join(' ')}`] : []),
    ...ssh.keys.flatMap((key) => ['-o', `IdentityFile=${optionPath(key)}`]),
    ...(ssh.agent ? [] : ['-o', 'IdentitiesOnly=yes', '-o', 'IdentityAgent=none']),
    '-o',
    `UserKnownHostsFile=${knownHosts.map(optionPath).join(' ')}`,
    '-o',
    `ConnectTimeout=${ssh.connectTimeoutSeconds}`,
    '-p',
    String(ssh.port),
    '-l',
    ssh.user,
    '--',
    address,
  ];
}

/** Not as `-i`, which leaves a key out that is not there, and then tries others. */
const optionPath = (path: string): string => `"${path.replaceAll('%', '%%')}"`;

/** ssh expands % in it, then the shell reads it. */
const proxyWord = (word: string): string => (word === '%h:%p' ? word : quote(word.replaceAll('%', '%%')));
