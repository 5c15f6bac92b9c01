import { cautionsOf } from '../../templates/rbac.ts';
import { SYSTEM_HINT, isSystem, nameProblem, namespaceProblem } from '../user-names.ts';
import type { Rule } from './rule.ts';

export const usersAreValid: Rule = ({ users }, report) => {
  const tokens = new Set<string>();
  users.forEach((user, index) => {
    const { name, groups, namespaces, allowSystem, token } = user;
    const refuse = (kind: 'user' | 'group', value: string, field: (string | number)[]): void => {
      const problem = nameProblem(kind, value, allowSystem);
      if (problem === undefined) return;
      const hint = isSystem(value) ? { hint: SYSTEM_HINT } : {};
      report.error(
        ['users', index, ...field],
        `${JSON.stringify(value)} cannot be a ${kind}: ${problem}`,
        hint,
      );
    };
    refuse('user', name, ['name']);
    groups.forEach((group, at) => {
      refuse('group', group, ['groups', at]);
    });
    namespaces.forEach((namespace, at) => {
      const problem = namespaceProblem(namespace);
      if (problem === undefined) return;
      const message = `${JSON.stringify(namespace)} cannot be a namespace: ${problem}`;
      report.error(['users', index, 'namespaces', at], message);
    });
    if (users.findIndex((other) => other.name === name) < index) {
      report.error(['users', index, 'name'], `there is another user "${name}"`);
    }
    const value = token?.reveal();
    if (value === undefined) return;
    if (tokens.has(value)) report.error(['users', index, 'token'], 'another user has the same token');
    tokens.add(value);
  });
};

/** Rights that come to more than they seem to. */
export const rolesAreMeant: Rule = ({ users }, report) => {
  users.forEach(({ name, role }, index) => {
    for (const caution of cautionsOf(role)) report.warning(['users', index, 'role'], `${name} ${caution}`);
  });
};

/** Static tokens cannot be told from their owner's until the next restart: the benchmark knows no exception. */
export const tokensFitTheProfile: Rule = ({ users, profile }, report) => {
  users.forEach(({ auth, token }, index) => {
    if (auth !== 'cert' && profile === 'cis') {
      report.error(['users', index, 'auth'], 'users with a token are refused in profile cis (CIS 1.2.3)', {
        hint: 'Leave auth: out, and the user gets a certificate.',
      });
    }
    if (token === undefined) return;
    const path = ['users', index, 'token'];
    if (profile !== 'course') {
      report.error(path, `a given token is refused in profile ${profile}`, {
        hint: 'Leave it out: one of 256 random bits is made.',
      });
    } else if (auth === 'cert') {
      report.error(path, 'the user has no use for a token', { hint: 'Set auth: token, or auth: both.' });
    } else if (!/^[A-Za-z0-9._~+/=-]{8,}$/.test(token.reveal())) {
      report.error(path, 'a token has at least 8 letters, digits or . _ ~ + / = -');
    }
  });
};
