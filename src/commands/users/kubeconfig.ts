import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { writeAtomic } from '../../kernel/atomic-file.ts';
import { BootstrapError } from '../../kernel/errors.ts';
import { livingEndpoint } from '../../cluster/living-endpoint.ts';
import { ADMINISTRATOR, adminKubeconfig } from '../../phases/trust/authorities.ts';
import type { Emit } from '../../run/events.ts';
import { sealedName, userFolder } from '../../users/credentials.ts';
import { type StateOptions, openState } from '../../cluster/open-state.ts';
import { userNamed } from '../../users/user-named.ts';

export interface KubeconfigOptions extends StateOptions {
  readonly emit: Emit;
  readonly name: string;
  /** File to write, readable by its owner only; without one the text goes to `print`. */
  readonly out: string | undefined;
  /** Straight to where it was asked for: events and logs never hold it. */
  readonly print: (text: string) => void;
}

/**
 * Hands out a user's kubeconfig, or the administrator's, as the cluster is reached now: by a master that answers, where
 * the inventory names no endpoint.
 * @throws E_USER_UNKNOWN for an unknown one; E_USER_REVOKED for one who was revoked; E_USER_FILES when it was never issued; E_PASSPHRASE
 */
export async function userKubeconfigFor(options: KubeconfigOptions): Promise<number> {
  const text = await (options.name === ADMINISTRATOR ? administrators(options) : usersOwn(options));
  if (options.out === undefined) {
    options.print(text);
    return 0;
  }
  const file = resolve(options.out);
  await writeAtomic(file, text, 0o600);
  options.emit({ type: 'result', answer: 'users-kubeconfig', data: { user: options.name, file } });
  return 0;
}

async function administrators(options: KubeconfigOptions): Promise<string> {
  const { openCluster } = await import('../../cluster/open.ts');
  const cluster = await openCluster(options);
  try {
    await cluster.pki.unlock();
    const text = adminKubeconfig(
      cluster.world(new Map()),
      await livingEndpoint(cluster.inventory, cluster.pki.trustPem('cluster'), options.emit),
    );
    if (typeof text === 'string') return text;
  } finally {
    await cluster.artifacts.close();
  }
  throw new BootstrapError('E_USER_FILES', 'the administrator has no valid certificate yet', {
    hint: 'It is made by "k8s-bootstrap up".',
  });
}

async function usersOwn(options: KubeconfigOptions): Promise<string> {
  const { users, inventory, stateFolder, pki } = await openState(options);
  const user = userNamed(users, options.name);
  const ready = users.whyIssue(user) === undefined && (user.auth === 'cert' || users.tokenOf(user.name));
  if (!ready) {
    throw new BootstrapError('E_USER_FILES', `${user.name} has nothing to log in with yet`, {
      hint: `Run "k8s-bootstrap issue-user ${user.name}", or "up".`,
    });
  }
  await users.complete(user, await livingEndpoint(inventory, pki.trustPem('cluster'), options.emit));
  const file = `${user.name}.kubeconfig`;
  const text = await readFile(join(userFolder(stateFolder, user.name), file), 'utf8');
  return pki.opened(sealedName(user.name, file), text) ?? text;
}
