import type { RunOptions } from '../../cluster/visit.ts';
import { BootstrapError, ExitCode } from '../../kernel/errors.ts';
import { checkNames } from '../../inventory/user-names.ts';
import { applyUsers } from './apply-users.ts';
import { openState } from '../../cluster/open-state.ts';

/**
 * Takes back what a user was given: bindings and token row, on all masters, and the files on the controller.
 * @throws E_USER_DECLARED while the inventory wants the user; as `up`
 */
export async function revokeUser(name: string, options: RunOptions): Promise<number> {
  const state = await openState(options);
  const { inventory, users, now } = state;
  checkNames({ name, groups: [], namespaces: [], allowSystem: true });
  if (users.isDeclared(name)) {
    throw new BootstrapError('E_USER_DECLARED', `${name} is declared in ${inventory.file}`, {
      hint: 'Take the user out of users: there first, or the next "up" makes it anew.',
      exitCode: ExitCode.usage,
    });
  }
  const groups = users.users().find((user) => user.name === name)?.groups ?? [];
  // What an earlier run could not take from a master, this one has to: nothing here tells any more that there was a token.
  const isRevoked = users.revoked().some((one) => one.name === name);
  const isKnown = isRevoked || [...users.users(), ...users.issued()].some((one) => one.name === name);
  if (!isKnown) {
    const message = `no user ${name} is known on this machine; the masters are searched for one`;
    options.emit({ type: 'note', level: 'warn', message });
  }
  const tokens = !isKnown || isRevoked || users.tokenOf(name) !== undefined;
  await users.revoke([name]);
  const { code, missed } = await applyUsers({ ...options, state }, tokens);
  const left = users.issued().filter((one) => one.name === name && new Date(one.expires) > now);
  options.emit({
    type: 'result',
    answer: 'users-revoke',
    data: { user: name, applied: code === ExitCode.ok, missed, certificates: left, groups },
  });
  return code;
}
