import type { RunOptions } from '../../cluster/visit.ts';
import { BootstrapError, ExitCode } from '../../kernel/errors.ts';
import { checkNames } from '../../users/names.ts';
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
  const isKnown = [...users.users(), ...users.issued()].some((one) => one.name === name);
  if (!isKnown) {
    const message = `no user ${name} is known on this machine; the masters are searched for one`;
    options.emit({ type: 'note', level: 'warn', message });
  }
  const tokens = !isKnown || users.tokenOf(name) !== undefined;
  await users.revoke([name]);
  const code = await applyUsers({ ...options, state }, tokens);
  const left = users.issued().filter((one) => one.name === name && new Date(one.expires) > now);
  options.emit({
    type: 'result',
    text: [
      code === 0
        ? `${name} has no rights of its own and no token any more.`
        : `${name} is denied; the next "up" takes rights and token away where this run could not.`,
      ...(left.length === 0
        ? []
        : [
            stillValid(
              name,
              left.map(({ expires }) => expires),
              groups,
            ),
          ]),
      '',
    ].join('\n'),
    data: { user: name, certificates: left, groups },
  });
  return code;
}

/** Kubernetes asks nobody whether a certificate was revoked: https://github.com/kubernetes/kubernetes/issues/18982 */
function stillValid(name: string, expiries: readonly string[], groups: readonly string[]): string {
  const until = [...expiries].sort().at(-1)?.slice(0, 10) ?? '';
  return [
    `Its certificate cannot be revoked: it stays valid until ${until}, and whoever has the key still logs in as ${name}.`,
    'What was done: every binding made for the user is gone, and the name is denied, so that issuing it again warns.',
    ...(groups.length === 0
      ? []
      : [
          `What its groups (${groups.join(', ')}) are bound to, it keeps until then: see "k8s-bootstrap users list".`,
        ]),
  ].join('\n');
}
