import type { User } from '../inventory/types.ts';
import { nameProblem } from '../inventory/user-names.ts';
import { isMapping } from '../kernel/mapping.ts';
import type { KubeObject } from '../kernel/kube-object.ts';
import { MANAGED_BY } from '../resources/cluster/object.ts';
import { type NamedRules, type Preset, presets } from '../templates/rbac.ts';

/** Whose rights an object is part of. A role of a preset, which users share, has none of these. */
const OWNER = 'k8s-bootstrap/user';

/** Begins the names of what is one user's own. */
const PREFIX = 'k8s-bootstrap:';

/** What a role is called that is one user's own. */
export const ownRole = (user: string): string => `${PREFIX}${user}`;

/** What gives a user its rights: roles it shares with others, and what is its own. */
export interface Access {
  readonly shared: readonly KubeObject[];
  readonly own: readonly KubeObject[];
}

type Who = Pick<User, 'name' | 'role' | 'namespaces' | 'clusterRole'>;

/**
 * The objects a user's role comes to, in an order of their own: roles before what binds them, then by name.
 * A binding is named after the user and the role: the role of one that exists can never be changed.
 */
export function accessOf(user: Who): Access {
  const { name, namespaces, clusterRole } = user;
  const preset: Preset = typeof user.role === 'string' ? presets()[user.role] : ownRules(user);
  const owner = typeof user.role === 'string' ? undefined : name;
  const { role, bind, clusterBind } = preset;
  const roles = [
    ...(role ? namespaces.map((namespace) => roleObject('Role', role, owner, namespace)) : []),
    ...(preset.clusterRole ? [roleObject('ClusterRole', preset.clusterRole, owner)] : []),
  ];
  const bindings = [
    ...namespaces.flatMap((namespace) => [
      ...(role ? [binding(name, 'Role', role.name, namespace)] : []),
      ...(bind === undefined ? [] : [binding(name, 'ClusterRole', bind, namespace)]),
    ]),
    ...[preset.clusterRole?.name, clusterBind, clusterRole].flatMap((everywhere) =>
      everywhere === undefined ? [] : [binding(name, 'ClusterRole', everywhere)],
    ),
  ];
  return owner === undefined
    ? { shared: sorted(roles), own: sorted(bindings) }
    : { shared: [], own: sorted([...roles, ...bindings]) };
}

/**
 * User whose rights an object is part of; `undefined` for a shared role, for objects of others, and for those that only
 * say that they are ours: whoever rules a namespace can write any label and annotation there.
 */
export function ownerOf(object: KubeObject): string | undefined {
  const user = object.metadata.annotations?.[OWNER];
  if (typeof user !== 'string' || nameProblem('user', user, true) !== undefined) return undefined;
  return object.metadata.name === ownRole(user) || isBindingOf(user, object) ? user : undefined;
}

function isBindingOf(user: string, object: KubeObject): boolean {
  const subjects = object['subjects'];
  const [who] = subjectsIn(object);
  return (
    object.metadata.name === `${PREFIX}${user}:${roleIn(object) ?? ''}` &&
    Array.isArray(subjects) &&
    subjects.length === 1 &&
    who?.kind === 'User' &&
    who.name === user
  );
}

/** The role that a binding gives. */
export function roleIn({ roleRef }: KubeObject): string | undefined {
  const name = isMapping(roleRef) ? roleRef['name'] : undefined;
  return typeof name === 'string' ? name : undefined;
}

export interface Subject {
  readonly kind: string;
  readonly name: string;
}

/** Whom a binding gives its role. */
export const subjectsIn = ({ subjects }: KubeObject): Subject[] =>
  (Array.isArray(subjects) ? (subjects as unknown[]) : []).flatMap((one) => {
    const { kind, name } = isMapping(one) ? one : {};
    return typeof kind === 'string' && typeof name === 'string' ? [{ kind, name }] : [];
  });

/** Whether nobody's name is on a role: one of a preset, which several users may have. */
export const isShared = ({ kind, metadata }: KubeObject): boolean =>
  kind.endsWith('Role') && metadata.annotations?.[OWNER] === undefined;

/** Objects of several users in one order, each once. */
export function sorted(objects: readonly KubeObject[]): KubeObject[] {
  const byKey = new Map(objects.map((object) => [keyOf(object), object]));
  return [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
}

const ORDER = ['Role', 'ClusterRole', 'RoleBinding', 'ClusterRoleBinding'];

const keyOf = ({ kind, metadata: { namespace = '', name } }: KubeObject): string =>
  `${ORDER.indexOf(kind)} ${namespace} ${name}`;

function ownRules({ name, role }: Who): Preset {
  if (role === undefined || typeof role === 'string') return {};
  const named = (rules: NamedRules['rules']): NamedRules => ({ name: ownRole(name), rules });
  return {
    ...(role.rules.length > 0 ? { role: named(role.rules) } : {}),
    ...(role.clusterRules.length > 0 ? { clusterRole: named(role.clusterRules) } : {}),
  };
}

const API = 'rbac.authorization.k8s.io';

const roleObject = (
  kind: 'Role' | 'ClusterRole',
  { name, rules }: NamedRules,
  owner: string | undefined,
  namespace?: string,
): KubeObject => ({
  apiVersion: `${API}/v1`,
  kind,
  metadata: metadata(name, owner, namespace),
  rules,
});

const binding = (
  user: string,
  kind: 'Role' | 'ClusterRole',
  role: string,
  namespace?: string,
): KubeObject => ({
  apiVersion: `${API}/v1`,
  kind: namespace === undefined ? 'ClusterRoleBinding' : 'RoleBinding',
  metadata: metadata(`${PREFIX}${user}:${role}`, user, namespace),
  roleRef: { apiGroup: API, kind, name: role },
  subjects: [{ apiGroup: API, kind: 'User', name: user }],
});

const metadata = (name: string, owner: string | undefined, namespace?: string): KubeObject['metadata'] => ({
  name,
  ...(namespace === undefined ? {} : { namespace }),
  labels: MANAGED_BY,
  ...(owner === undefined ? {} : { annotations: { [OWNER]: owner } }),
});
