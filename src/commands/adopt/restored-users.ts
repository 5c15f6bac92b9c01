import { namespaceProblem, nameProblem, isSystem } from '../../inventory/user-names.ts';
import { rulesSchema } from '../../inventory/schema/user-schema.ts';
import type { OwnRules, User } from '../../inventory/types.ts';
import { groupBy } from '../../kernel/group-by.ts';
import { ONCE } from '../../kernel/once.ts';
import type { KubeObject } from '../../kernel/kube-object.ts';
import { differences } from '../../resources/cluster/object.ts';
import { nameOf } from '../../resources/cluster/object-set.ts';
import { ROLE_PRESETS } from '../../templates/rbac.ts';
import { accessOf, ownRole, ownerOf, roleIn } from '../../users/access.ts';
import { type Decision, rightsDigest } from '../../users/decisions.ts';
import { newUser } from '../../users/new-user.ts';
import type { TokenRow } from '../../users/tokens.ts';

export interface RestoredUsers {
  readonly users: readonly User[];
  readonly tokens: readonly TokenRow[];
  /** Those of whom there is something that no user could have: nobody knows any more what they were to have. */
  readonly unclear: readonly string[];
}

/**
 * Who `issue-user` made, from what a cluster has of them: rows of the token file and objects with our names.
 *
 * Whoever rules a namespace can write what looks like ours there. A user comes back with no right that is not wholly in
 * the cluster: else the next run would give what somebody has only claimed.
 * @param declared names of the inventory's users, who are the inventory's
 * @param decided what the cluster was told last of people: of rights that come to the same objects, those are the right ones
 */
export function restoredUsers(
  rows: readonly TokenRow[],
  objects: readonly KubeObject[],
  declared: ReadonlySet<string>,
  decided: ReadonlyMap<string, Decision> = new Map(),
): RestoredUsers {
  const tokens = rows.filter(isNamed);
  const owned = groupBy(
    objects.filter((object) => ownerOf(object) !== undefined && isPlaced(object)),
    (object) => ownerOf(object) ?? '',
  );
  const letIn = [...decided.values()].flatMap(({ name, rights }) => (rights === undefined ? [] : [name]));
  const names = [...new Set([...tokens.map(({ user }) => user), ...owned.keys(), ...letIn])].sort();
  const users: User[] = [];
  const unclear: string[] = [];
  for (const name of names.filter((one) => !declared.has(one))) {
    const row = tokens.find(({ user }) => user === name);
    const mine = owned.get(name) ?? [];
    const user = {
      ...newUser(name),
      allowSystem: isSystem(name),
      groups: row?.groups ?? [],
      auth: row ? ('token' as const) : ('cert' as const),
    };
    const rights = decided.get(name)?.rights;
    const found = rightsOf(user, mine, rights);
    const restored = { ...user, ...found };
    if (found || row || rights !== undefined) users.push(restored);
    const isOther = rights !== undefined && rightsDigest(restored) !== rights;
    if (isOther || mine.length > (found ? accessOf(restored).own.length : 0)) unclear.push(name);
  }
  return { users, tokens, unclear };
}

const isNamed = ({ user, groups }: TokenRow): boolean =>
  nameProblem('user', user, true) === undefined &&
  groups.every((group) => nameProblem('group', group, true) === undefined);

const isPlaced = ({ metadata: { namespace } }: KubeObject): boolean =>
  namespace === undefined || (typeof namespace === 'string' && namespaceProblem(namespace) === undefined);

type Rights = Pick<User, 'role' | 'namespaces' | 'clusterRole'>;

/** The most that is wholly there; what was decided goes before what comes to the same. */
function rightsOf(
  user: User,
  objects: readonly KubeObject[],
  decided: string | undefined,
): Rights | undefined {
  const { name } = user;
  const there = new Map(objects.map((object) => [nameOf(object), object]));
  const has = (wanted: readonly KubeObject[]): boolean =>
    wanted.every((one) => differences(one, there.get(nameOf(one))).length === 0);
  const own = (rights: Rights): readonly KubeObject[] => accessOf({ name, ...rights }).own;
  const spaces = [...new Set(objects.flatMap(({ metadata }) => metadata.namespace ?? []))].sort();
  const within = (role: User['role']): string[] => {
    const inside = (namespace: string): KubeObject[] =>
      own({ role, namespaces: [namespace], clusterRole: undefined }).filter(
        ({ metadata }) => metadata.namespace !== undefined,
      );
    return spaces.filter((one) => inside(one).length > 0 && has(inside(one)));
  };
  const roles = [...ROLE_PRESETS, ...ownRules(name, objects), undefined];
  const clusterRoles = [undefined, ...objects.flatMap((object) => boundEverywhere(object) ?? [])];
  const possible = roles
    .flatMap((role) =>
      clusterRoles.map((clusterRole): Rights => {
        const namespaces = within(role);
        return { role, clusterRole, namespaces: namespaces.length > 0 ? namespaces : ['default'] };
      }),
    )
    .filter((rights) => own(rights).length > 0 && has(own(rights)));
  const most = possible.toSorted((a, b) => own(b).length - own(a).length);
  return most.find((rights) => rightsDigest({ ...user, ...rights }) === decided) ?? most[0];
}

/** The role that is bound in the whole cluster; its name is that of the binding, too. */
const boundEverywhere = (object: KubeObject): string | undefined =>
  object.kind === 'ClusterRoleBinding' ? roleIn(object) || undefined : undefined;

/** Rules of the user's own, as each of its roles has them; where they are not the same, one of them will fit best. */
function ownRules(name: string, objects: readonly KubeObject[]): OwnRules[] {
  const isOwn = ({ metadata }: KubeObject): boolean => metadata.name === ownRole(name);
  const rules = (kind: string): unknown[] => {
    const found = objects.filter((object) => object.kind === kind && isOwn(object));
    const distinct = new Map(found.map((object) => [JSON.stringify(object['rules']), object['rules']]));
    return [[], ...distinct.values()];
  };
  return rules('Role').flatMap((inside) =>
    rules('ClusterRole').flatMap((everywhere) => {
      const read = rulesSchema().safeParse({ rules: inside, clusterRules: everywhere }, ONCE);
      if (!read.success || read.data.rules.length + read.data.clusterRules.length === 0) return [];
      return [read.data];
    }),
  );
}
