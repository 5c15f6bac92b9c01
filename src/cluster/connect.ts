import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { hostNamed } from '../inventory/lookup.ts';
import type { Inventory, JumpHost, Ssh } from '../inventory/types.ts';
import { checkStateFolder } from '../state/folder.ts';
import { openKnownHosts, type KnownHostsPolicy } from '../transport/host-keys.ts';
import type { Connect } from '../transport/session.ts';
import type { SshTarget } from '../transport/target.ts';

/** Where a host of the inventory is dialled, and through whom. */
export function targetOf(inventory: Inventory, name: string): SshTarget & { readonly ssh: Ssh } {
  const { address, ssh } = hostNamed(inventory, name);
  return { host: name, address, ssh, via: ssh.jump && jumpTarget(inventory, ssh.jump) };
}

function jumpTarget(inventory: Inventory, jump: JumpHost): SshTarget {
  if ('host' in jump) return targetOf(inventory, jump.host);
  const { address, ssh } = jump;
  return { host: address, address, ssh, via: ssh.jump && jumpTarget(inventory, ssh.jump) };
}

/** Where everything is kept that is made for a cluster: beside its inventory. */
export const stateFolderOf = ({ file, name }: Inventory): string =>
  join(dirname(file), '.k8s-bootstrap', name);

/** What ssh itself reads, UserKnownHostsFile and GlobalKnownHostsFile of ssh_config(5): keys are revoked there, too. */
export const knownHostsElsewhere = (): string[] => [
  join(homedir(), '.ssh', 'known_hosts'),
  '/etc/ssh/ssh_known_hosts',
];

/**
 * The product's own known_hosts in the state folder first, then the user's and the machine's. Nobody is dialled without
 * these, so that a folder that somebody else has prepared is refused before.
 * @throws as `checkStateFolder`
 */
export async function knownHostsOf(stateFolder: string, acceptNew: boolean): Promise<KnownHostsPolicy> {
  await checkStateFolder(stateFolder);
  return openKnownHosts({
    own: join(stateFolder, 'known_hosts'),
    others: knownHostsElsewhere(),
    acceptNew,
  });
}

/** Opens sessions to the hosts of an inventory, as root: by login or by sudo. */
export function connector(inventory: Inventory, knownHosts: KnownHostsPolicy): Connect {
  const loaded = Promise.all([import('../transport/ssh-session.ts'), import('../transport/sudo.ts')]);
  const shared = loaded.then(([ssh]) => ssh.createShared());
  return async (name, signal) => {
    const [{ connectSsh }, { withSudo }] = await loaded;
    const target = targetOf(inventory, name);
    const session = await connectSsh(target, { knownHosts, signal, shared: await shared });
    const { enabled, password } = target.ssh.sudo;
    return enabled ? withSudo(session, password ? { password } : {}) : session;
  };
}
