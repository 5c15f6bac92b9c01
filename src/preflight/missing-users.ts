import { nameProblem } from '../inventory/user-names.ts';
import { someOf } from '../kernel/some-of.ts';
import { letInElsewhere } from '../phases/control-plane/outdated-users.ts';
import { tokenFacts } from '../resources/token-file.ts';
import { type Result, type Subject, error } from './check.ts';

/** A state folder without its users beside a master that has some: it would make other tokens for them, or forget them. */
export function missingUsers({ world, host, seen }: Subject): Result[] {
  if (!host.roles.includes('master')) return [];
  const { users } = world;
  const rows = new Set(tokenFacts(seen).own.filter((name) => nameProblem('user', name, true) === undefined));
  const bare = users
    .bearers()
    .flatMap(({ name, lacksToken }) => (lacksToken && rows.has(name) ? [name] : []));
  const known = new Set(users.users().map(({ name }) => name));
  const lost = users.missing().includes('users.yaml')
    ? [...letInElsewhere(world).map(({ name }) => name), ...[...rows].filter((name) => !known.has(name))]
    : [];
  return [
    ...about(
      lost,
      (names) => `users.yaml is not in the state folder, and the cluster has users of it: ${names}`,
    ),
    ...about(
      bare,
      (names) => `tokens.csv in the state folder has no token of ${names}, and this host has one`,
    ),
  ];
}

function about(names: readonly string[], say: (names: string) => string): Result[] {
  const shown = [...new Set(names)].sort();
  if (shown.length === 0) return [];
  return error(
    say(someOf(shown)),
    'Bring the file back from a backup, or run "k8s-bootstrap adopt": it reads from the masters who was let in, and the tokens.',
  );
}
