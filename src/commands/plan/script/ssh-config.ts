import { homedir } from 'node:os';
import { join } from 'node:path';
import { stateFolderOf, targetOf } from '../../../cluster/connect.ts';
import type { Inventory } from '../../../inventory/types.ts';
import type { SshTarget } from '../../../transport/target.ts';

export const SSH_CONFIG = 'ssh_config';

/**
 * The logins of the inventory for the system's own ssh, each host by its name; jump hosts come with them. Passwords are
 * not among them: ssh asks. Host keys are those of the state folder and the user's own.
 * @see ssh_config(5)
 */
export function sshConfig(inventory: Inventory, hosts: readonly string[]): string {
  const known = [join(stateFolderOf(inventory), 'known_hosts'), join(homedir(), '.ssh', 'known_hosts')];
  const sections = new Map<string, string>();
  const add = (name: string, { address, ssh, via }: SshTarget): void => {
    const jump = via && `${name}-by`;
    if (via && jump !== undefined) add(jump, via);
    const options = [
      `HostName ${address}`,
      `Port ${ssh.port}`,
      `User ${ssh.user}`,
      ...ssh.keys.map((key) => `IdentityFile ${word(key)}`),
      ...(ssh.agent ? [] : ['IdentitiesOnly yes', 'IdentityAgent none']),
      `UserKnownHostsFile ${known.map(word).join(' ')}`,
      ...(jump === undefined ? [] : [`ProxyJump ${jump}`]),
      `ConnectTimeout ${ssh.connectTimeoutSeconds}`,
    ];
    sections.set(name, [`Host ${name}`, ...options.map((option) => `  ${option}`)].join('\n'));
  };
  for (const name of hosts) add(name, targetOf(inventory, name));
  return `# How ssh gets to the hosts: ssh -F ${SSH_CONFIG} NAME\n${[...sections.values()].join('\n\n')}\n`;
}

const word = (path: string): string => `"${path.replaceAll('%', '%%')}"`;
