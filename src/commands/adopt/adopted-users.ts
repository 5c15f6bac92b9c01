import type { User } from '../../inventory/types.ts';
import { type Decision, isUnknownTo } from '../../users/decisions.ts';
import { decisionsIn } from '../../users/registry-changes.ts';
import type { Registry } from '../../users/registry.ts';
import type { RestoredUsers } from './restored-users.ts';

export interface AdoptedUsers {
  readonly registry: Registry;
  /** Names of users who were taken over, and of those who are revoked from now on. */
  readonly users: readonly string[];
  readonly revoked: readonly string[];
  /** Rows of tokens that were taken over. */
  readonly tokens: number;
  /** Of those who were taken over: of whom there is what nobody decided, so that a person has to say what holds. */
  readonly unclear: readonly string[];
}

/**
 * What the state folder is to know of people: what it has, but for those of whom something else was decided since; and
 * all that a cluster has where the folder has lost its users. That somebody was revoked is taken over only of whom the
 * cluster has nothing any more: else a person is asked, by E_USER_REVOKED. Pure.
 */
export function adoptedUsers(
  registry: Registry,
  inCluster: RestoredUsers,
  decided: ReadonlyMap<string, Decision>,
  declared: ReadonlySet<string>,
): AdoptedUsers {
  const here = new Map(decisionsIn(registry, (name) => declared.has(name)).map((one) => [one.name, one]));
  const isLost = registry.missing.includes('users.yaml');
  const isNews = (name: string): boolean => {
    const [there, known] = [decided.get(name), here.get(name)];
    if (!there) return isLost && !known;
    return !known || isUnknownTo(there, known);
  };
  const news = inCluster.users.filter(({ name }) => isNews(name) && (isLost || isLetIn(decided.get(name))));
  const has = new Set([...inCluster.users, ...news].map(({ name }) => name));
  const gone = [...decided.values()].filter(
    (one) => one.rights === undefined && !declared.has(one.name) && !has.has(one.name) && isNews(one.name),
  );
  const changed = new Set([...news, ...gone].map(({ name }) => name));
  const stays = ({ name }: { readonly name: string }): boolean => !changed.has(name);
  const before = new Map(registry.users.map((user) => [user.name, user]));
  const users = [
    ...registry.users.filter(stays),
    ...news.map((user) => onTopOf(before.get(user.name), user)),
  ];
  const revoked = [...registry.revoked.filter(stays), ...gone.map(({ name, at }) => ({ name, at }))];
  const admitted = [
    ...registry.admitted.filter(stays),
    ...news.flatMap(({ name }) => {
      const there = decided.get(name);
      return isLetIn(there) ? [{ name, at: there.at }] : [];
    }),
  ];
  const denied = new Set(revoked.map(({ name }) => name));
  const wanted = new Set([...users.map(({ name }) => name), ...declared]);
  const kept = registry.tokens.filter(({ user }) => !changed.has(user));
  const fetched = inCluster.tokens.filter(
    ({ user }) =>
      !denied.has(user) &&
      kept.every((row) => row.user !== user) &&
      (registry.tokens.length === 0 || wanted.has(user)),
  );
  return {
    registry: { ...registry, users: users.sort(byName), revoked, admitted, tokens: [...kept, ...fetched] },
    users: news.map(({ name }) => name).sort(),
    revoked: gone.map(({ name }) => name).sort(),
    tokens: fetched.length,
    unclear: inCluster.unclear.filter((name) => changed.has(name)),
  };
}

const isLetIn = (one: Decision | undefined): one is Decision => one?.rights !== undefined;
const byName = (a: User, b: User): number => (a.name < b.name ? -1 : 1);

/** What no cluster tells of a user stays: how long certificates are for, and the groups in one. */
function onTopOf(known: User | undefined, restored: User): User {
  if (!known) return restored;
  const hasRow = restored.auth !== 'cert';
  return {
    ...restored,
    auth: hasRow && known.auth === 'both' ? 'both' : restored.auth,
    groups: hasRow ? restored.groups : known.groups,
    days: known.days,
    allowSystem: known.allowSystem || restored.allowSystem,
  };
}
