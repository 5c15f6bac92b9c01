import { mkdtemp, realpath, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { quote } from '../../kernel/quote.ts';
import { removeIn } from '../../kernel/remove.ts';
import type { KnownHostsPolicy } from '../../transport/host-keys.ts';
import { knownHostsName } from '../../transport/known-hosts.ts';
import type { SshTarget } from '../../transport/target.ts';
import type { ClusterOptions } from '../../cluster/open.ts';
import { readInventory } from '../../cluster/read-inventory.ts';
import { knownHostsElsewhere, knownHostsOf, stateFolderOf, targetOf } from '../../cluster/connect.ts';
import { hostNames } from '../../inventory/host-names.ts';
import { knownHostsLines } from './host-keys.ts';

export interface Login {
  /** Arguments for the system's `ssh`. */
  readonly args: readonly string[];
  /** Takes away what was written for it. */
  readonly end: () => Promise<void>;
}

/**
 * How the system's `ssh` logs in to a host of the inventory as this program would: user, port, keys, the host keys that
 * count, and the way through jump hosts. Passwords are not among them: ssh asks for those.
 * @throws E_HOST when the inventory has no such host; as `knownHostsLines`
 */
export async function sshLogin(
  file: string,
  env: ClusterOptions['env'],
  secrets: ClusterOptions['secrets'],
  name: string,
  command: readonly string[],
  stop: AbortSignal,
): Promise<Login> {
  const { inventory } = await readInventory(file, env, secrets);
  hostNames(inventory, [name]);
  const stateFolder = stateFolderOf(inventory);
  const target = targetOf(inventory, name);
  const asked = [join(stateFolder, 'known_hosts'), ...knownHostsElsewhere()];
  // mkdtemp gives it to nobody else.
  const folder = await mkdtemp(join(await realpath(tmpdir()), 'k8s-bootstrap-ssh-'));
  const end = (): Promise<void> => removeIn(dirname(folder), basename(folder));
  try {
    const files = await writeKnownHosts(folder, target, await knownHostsOf(stateFolder, false), stop);
    const known = (to: SshTarget): KnownHostsFile => files.get(to) ?? { asked };
    return { args: [...loginArguments(target, known), ...command], end };
  } catch (error) {
    await end();
    throw error;
  }
}

/** Where ssh finds the host keys: a file that has all that counts, or those it asks about and adds to. */
export type KnownHostsFile = { readonly only: string } | { readonly asked: readonly string[] };

/** A file for each host on the way: two jump hosts may know hosts of the same address. */
async function writeKnownHosts(
  folder: string,
  target: SshTarget,
  policy: KnownHostsPolicy,
  signal: AbortSignal,
): Promise<Map<SshTarget, KnownHostsFile>> {
  const files = new Map<SshTarget, KnownHostsFile>();
  for (let to: SshTarget | undefined = target; to !== undefined; to = to.via) {
    const lines = await knownHostsLines(to, policy, signal);
    if (lines === undefined) continue;
    const only = join(folder, `known_hosts.${files.size}`);
    await writeFile(only, lines.map((line) => `${line}\n`).join(''), { mode: 0o600, flag: 'wx' });
    files.set(to, { only });
  }
  return files;
}

/** @see ssh(1), ssh_config(5) */
export function loginArguments(target: SshTarget, knownHosts: (to: SshTarget) => KnownHostsFile): string[] {
  const { address, ssh, via } = target;
  // Not -J: the jump's own ssh would know nothing of these keys and known hosts.
  const jump = via && ['ssh', ...loginArguments(via, knownHosts)];
  const proxy = jump && [...jump.slice(0, -2), '-W', '%h:%p', ...jump.slice(-2)];
  return [
    ...(proxy ? ['-o', `ProxyCommand=${proxy.map(proxyWord).join(' ')}`] : []),
    ...ssh.keys.flatMap((key) => ['-o', `IdentityFile=${optionPath(key)}`]),
    ...(ssh.agent ? [] : ['-o', 'IdentitiesOnly=yes', '-o', 'IdentityAgent=none']),
    ...hostKeyOptions(knownHosts(target), knownHostsName(address, ssh.port)),
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

/** With a file of our own nothing else makes a host known, and nothing is added to it. */
const hostKeyOptions = (file: KnownHostsFile, name: string): string[] =>
  'only' in file
    ? [
        `UserKnownHostsFile=${optionPath(file.only)}`,
        'GlobalKnownHostsFile=/dev/null',
        'StrictHostKeyChecking=yes',
        `HostKeyAlias=${name}`, // whatever alias a configuration of the user has

        'UpdateHostKeys=no',
      ].flatMap((option) => ['-o', option])
    : ['-o', `UserKnownHostsFile=${file.asked.map(optionPath).join(' ')}`];

/** Not as `-i`, which leaves a key out that is not there, and then tries others. */
const optionPath = (path: string): string => `"${path.replaceAll('%', '%%')}"`;

/** ssh expands % in it, then the shell reads it. */
const proxyWord = (word: string): string => (word === '%h:%p' ? word : quote(word.replaceAll('%', '%%')));
