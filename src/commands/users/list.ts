import type { UserRow } from '../../answers/users.ts';
import { type RunOptions, visit } from '../../cluster/visit.ts';
import type { User } from '../../inventory/types.ts';
import { forgottenUsers } from '../../phases/control-plane/users.ts';
import { readCertificate } from '../../pki/read-certificate.ts';
import type { KubeObject } from '../../kernel/kube-object.ts';
import { listed } from '../../resources/cluster/object-set.ts';
import type { Observed } from '../../probe/observe.ts';
import { alive, onEach, probe, sightings } from '../../run/fleet.ts';
import { tokenFacts } from '../../resources/token-file.ts';
import { type Subject, roleIn, subjectsIn } from '../../users/access.ts';
import type { UserStore } from '../../users/user-store.ts';
import { outcome } from '../../cluster/visit-hosts.ts';

const LISTS = ['rolebindings', 'clusterrolebindings'].map(
  (kind) => `/apis/rbac.authorization.k8s.io/v1/${kind}`,
);

/** Says who can get into the cluster, how, and what for; also those whom this program knows nothing of. */
export const listUsers = (options: RunOptions): Promise<number> => {
  const takesPart = ({ roles }: { readonly roles: readonly string[] }): boolean => roles.includes('master');
  const only = ['base', 'apiserver', 'users'];
  return visit({ ...options, only, takesPart, ending: 'answer' }, async ({ cluster, fleet }) => {
    const watches = LISTS.map((key) => ({ kind: 'object', key }) as const);
    await onEach(fleet, alive(fleet), undefined, async (member) => {
      await probe(fleet, member, watches);
    });
    const seen = sightings(fleet);
    const rows = userRows(cluster.users, forgottenUsers(cluster.world(seen)), [...seen.values()]);
    options.emit({ type: 'result', answer: 'users-list', data: { users: rows } });
    return outcome(fleet);
  });
};

export function userRows(
  users: UserStore,
  forgotten: readonly string[],
  seen: readonly Observed[],
): UserRow[] {
  const bindings = listed(seen.find((one) => one.object(LISTS[0] ?? '')?.status === 200) ?? nothing, LISTS);
  const rows = seen.map(tokenFacts);
  const withToken = new Set(rows.flatMap(({ own, others }) => [...own, ...others]));
  const row = (name: string, source: UserRow['source'], user?: User): UserRow => ({
    name,
    kind: 'User',
    source,
    certificate: expiryOf(users, name),
    token: withToken.has(name),
    groups: user?.groups ?? [],
    roles: rolesOf(bindings, name, user?.groups ?? []),
  });
  const own = [
    ...users
      .users()
      .map((user) => row(user.name, users.isDeclared(user.name) ? 'inventory' : 'issued', user)),
    ...forgotten.map((name) => row(name, 'forgotten')),
    ...users.revoked().map(({ name }) => row(name, 'revoked')),
  ];
  const known = new Set(own.map(({ name }) => name));
  const bound = bindings.flatMap(subjectsOf).filter(({ name }) => !name.startsWith('system:'));
  const strangers = new Set([
    ...bound.filter(({ kind }) => kind === 'User').map(({ name }) => name),
    ...rows.flatMap(({ others }) => others),
  ]);
  const groups = new Set(bound.filter(({ kind }) => kind === 'Group').map(({ name }) => name));
  return [
    ...own,
    ...[...strangers]
      .filter((name) => !known.has(name))
      .sort()
      .map((name) => row(name, 'others')),
    ...[...groups].sort().map((name): UserRow => ({
      ...row(name, 'others'),
      kind: 'Group',
      certificate: null,
      token: false,
      roles: rolesOf(bindings, undefined, [name]),
    })),
  ];
}

const nothing = { object: () => undefined } as unknown as Observed;

const subjectsOf = (binding: KubeObject): Subject[] =>
  subjectsIn(binding).filter(({ kind }) => kind === 'User' || kind === 'Group');

function rolesOf(
  bindings: readonly KubeObject[],
  name: string | undefined,
  groups: readonly string[],
): string[] {
  const held = bindings.filter((binding) =>
    subjectsOf(binding).some((subject) =>
      subject.kind === 'User' ? subject.name === name : groups.includes(subject.name),
    ),
  );
  const roles = held.flatMap((binding) => {
    const { namespace } = binding.metadata;
    const role = roleIn(binding);
    return role === undefined || namespace === undefined ? (role ?? []) : `${role} (${namespace})`;
  });
  return [...new Set(roles)].sort();
}

/** The one that lasts longest of all that were issued: each of them lets its holder in. */
function expiryOf(users: UserStore, name: string): string | null {
  const current = users.credentials(name)?.certificate;
  const dates = [
    ...users
      .issued()
      .filter((one) => one.name === name)
      .map(({ expires }) => expires),
    ...(current === undefined ? [] : [readCertificate(current).notAfter.toISOString()]),
  ];
  return dates.sort().at(-1) ?? null;
}
