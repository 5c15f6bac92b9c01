import type { User } from '../inventory/types.ts';
import { didYouMean } from '../inventory/suggest.ts';
import { BootstrapError, ExitCode } from '../kernel/errors.ts';
import type { UserStore } from './user-store.ts';

/** @throws E_USER_UNKNOWN, exit code 2, when the cluster has no user of that name */
export function userNamed(users: UserStore, name: string): User {
  const found = users.users().find((user) => user.name === name);
  if (found) return found;
  throw unknownUser(users, name);
}

/**
 * The refusal of a name that nobody has.
 * @param more names that are known elsewhere
 */
export function unknownUser(users: UserStore, name: string, more: readonly string[] = []): BootstrapError {
  const names = [...users.users().map((user) => user.name), ...more];
  return new BootstrapError(
    'E_USER_UNKNOWN',
    `there is no user ${JSON.stringify(name)}${didYouMean(name, names)}`,
    {
      hint: 'k8s-bootstrap users list shows them; issue-user makes one.',
      exitCode: ExitCode.usage,
    },
  );
}
