import type { User } from '../inventory/types.ts';
import { type Decision, LONG_AGO, momentAfter, rightsDigest } from './decisions.ts';
import type { Registry } from './registry.ts';

/** When something is decided: by the clock, and behind what it is to be later than. */
export interface Moment {
  readonly now: Date;
  readonly after: string | undefined;
}

/** A registry in which a user is let in, and how. */
export const withUser = (registry: Registry, user: User, moment: Moment): Registry => ({
  ...registry,
  users: [...registry.users.filter(({ name }) => name !== user.name), user].sort((a, b) =>
    a.name < b.name ? -1 : 1,
  ),
  admitted: [
    ...registry.admitted.filter(({ name }) => name !== user.name),
    { name: user.name, at: momentFor(registry, user.name, moment) },
  ],
});

/**
 * A registry in which users are revoked; who is so already, is so since then.
 * @param isWanted who is let in
 */
export function withoutUsers(
  registry: Registry,
  names: readonly string[],
  isWanted: (name: string) => boolean,
  moment: Moment,
): Registry {
  const { users, revoked, admitted, tokens } = registry;
  const goes = (name: string): boolean => names.includes(name);
  const since = (name: string): string => {
    const known = isWanted(name) ? undefined : revoked.find((one) => one.name === name)?.at;
    return known === undefined || (moment.after ?? '') >= known ? momentFor(registry, name, moment) : known;
  };
  return {
    ...registry,
    users: users.filter(({ name }) => !goes(name)),
    revoked: [
      ...revoked.filter(({ name }) => !goes(name)),
      ...names.map((name) => ({ name, at: since(name) })),
    ],
    admitted: admitted.filter(({ name }) => !goes(name)),
    tokens: tokens.filter(({ user }) => !goes(user)),
  };
}

/** What was decided last of each person, but for those of whom the inventory decides. */
export function decisionsIn(
  { users, revoked, admitted }: Pick<Registry, 'users' | 'revoked' | 'admitted'>,
  isDeclared: (name: string) => boolean,
): Decision[] {
  const at = (moment: string): string => new Date(moment).toISOString();
  const since = new Map(admitted.map((one) => [one.name, one.at]));
  const own = users.filter(({ name }) => !isDeclared(name));
  const names = new Set(own.map(({ name }) => name));
  return [
    ...own.map((user) => ({
      name: user.name,
      at: at(since.get(user.name) ?? LONG_AGO),
      rights: rightsDigest(user),
    })),
    ...revoked
      .filter(({ name }) => !names.has(name) && !isDeclared(name))
      .map((one) => ({ name: one.name, at: at(one.at), rights: undefined })),
  ];
}

/** Later than all that is known of the person. */
function momentFor({ revoked, admitted }: Registry, name: string, { now, after }: Moment): string {
  const of = (list: Registry['revoked']): string | undefined => list.find((one) => one.name === name)?.at;
  return momentAfter(now, of(revoked), of(admitted), after);
}
