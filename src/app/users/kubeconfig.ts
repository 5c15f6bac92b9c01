import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { writeAtomic } from '../../kernel/atomic-file.ts';
import { BootstrapError } from '../../kernel/errors.ts';
import { apiEndpoint } from '../../phases/cluster.ts';
import type { Emit } from '../../run/events.ts';
import { userFolder } from '../../users/credentials.ts';
import { type UsersOptions, openUsers, userNamed } from './open.ts';

export interface KubeconfigOptions extends UsersOptions {
  readonly emit: Emit;
  readonly name: string;
  /** File to write, readable by its owner only; without one the text goes to `print`. */
  readonly out: string | undefined;
  /** Straight to where it was asked for: events and logs never hold it. */
  readonly print: (text: string) => void;
}

/**
 * Hands out a user's kubeconfig as the cluster is reached now.
 * @throws E_USER for an unknown one; E_USER_FILES when it was never issued
 */
export async function userKubeconfigFor(options: KubeconfigOptions): Promise<number> {
  const { users, inventory, stateFolder } = await openUsers(options);
  const user = userNamed(users, options.name);
  const ready = users.whyIssue(user) === undefined && (user.auth === 'cert' || users.tokenOf(user.name));
  if (!ready) {
    throw new BootstrapError('E_USER_FILES', `${user.name} has nothing to log in with yet`, {
      hint: `Run "k8s-bootstrap issue-user ${user.name}", or "up".`,
    });
  }
  await users.add(user, apiEndpoint({ inventory }), false);
  const text = await readFile(join(userFolder(stateFolder, user.name), `${user.name}.kubeconfig`), 'utf8');
  if (options.out === undefined) {
    options.print(text);
    return 0;
  }
  const file = resolve(options.out);
  await writeAtomic(file, text, 0o600);
  options.emit({ type: 'result', text: `Written: ${file}\n`, data: { user: user.name, file } });
  return 0;
}
