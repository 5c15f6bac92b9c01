import type { User } from '../inventory/types.ts';
import { didYouMean } from '../inventory/suggest.ts';
import { BootstrapError, ExitCode } from '../kernel/errors.ts';
import { quote } from '../kernel/quote.ts';
import { LONG_AGO } from './decisions.ts';
import type { Revoked } from './registry.ts';
import type { UserStore } from './user-store.ts';

/** @throws E_USER_REVOKED, E_USER_UNKNOWN, exit code 2, when the cluster has no user of that name, or none any more */
export function userNamed(users: UserStore, name: string): User {
  const found = users.users().find((user) => user.name === name);
  if (found) return found;
  const revoked = users.revoked().find((one) => one.name === name);
  throw revoked ? revokedUser(revoked) : unknownUser(users, name);
}

const revokedUser = ({ name, at }: Revoked): BootstrapError =>
  new BootstrapError('E_USER_REVOKED', `${name} was revoked${at === LONG_AGO ? '' : ` on ${at}`}`, {
    hint: `Key, token and kubeconfig were deleted then. To let ${name} in again, with new ones: k8s-bootstrap issue-user ${quote(name)} --role ROLE`,
    exitCode: ExitCode.usage,
  });

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
