import type { User } from '../../inventory/types.ts';
import { nameProblem } from '../../inventory/user-names.ts';
import type { KubeObject } from '../../kernel/kube-object.ts';
import { MANAGED_BY } from '../../resources/cluster/object.ts';
import type { Observed } from '../../probe/observe.ts';
import { listed, objectSet } from '../../resources/cluster/object-set.ts';
import { type Change, type Resource, none } from '../../resources/resource.ts';
import { accessOf, isShared, ownerOf, sorted } from '../../users/access.ts';
import { specOf } from '../../users/user-files.ts';
import { tokenFacts } from '../../resources/token-file.ts';
import { apiHost, withRole } from '../shared/topology.ts';
import { decisions, unlessOutdated } from './outdated-users.ts';
import { namespaces } from '../shared/namespaces.ts';
import type { Phase, World } from '../phase.ts';
import { kubectl } from '../../resources/cluster/kube-api.ts';

/** What users may do, and on the controller what they log in with. Token rows are the API server's: see `tokens.ts`. */
export const usersPhase: Phase = {
  id: 'users',
  title: 'Users and their rights',
  batch: 'parallel',
  hosts: apiHost,
  resources(world) {
    const users = world.users.users();
    const forgotten = world.prune ? forgottenUsers(world) : [];
    const gone = [...world.users.revoked().map(({ name }) => name), ...forgotten].sort();
    return [
      ...users.filter(({ auth }) => auth !== 'token').map((user) => credentials(world, user)),
      ...namespaces(users.flatMap((user) => (user.role === undefined ? [] : user.namespaces))),
      sharedRoles(world, users),
      ...users.map((user) => unlessOutdated(world, rights(user.name, accessOf(user).own))),
      ...gone.map((name) => unlessOutdated(world, rights(name, []))),
      decisions(world, forgotten),
    ];
  },
};

/** Lists of all the objects that carry our label: four questions, however many users there are. */
export const accessLists: readonly string[] = [
  'roles',
  'clusterroles',
  'rolebindings',
  'clusterrolebindings',
].map(
  (kind) =>
    `/apis/rbac.authorization.k8s.io/v1/${kind}?labelSelector=${encodeURIComponent(
      Object.entries(MANAGED_BY)
        .map(([label, value]) => `${label}=${value}`)
        .join(','),
    )}`,
);

/** Users who can still get in or have rights, although neither the inventory nor `issue-user` wants them. */
export function forgottenUsers(world: World): string[] {
  const owners = inCluster(world).flatMap((object) => ownerOf(object) ?? []);
  return unknownOf(world, [...knownOnce(world), ...owners]);
}

/**
 * Those of them who are revoked on this machine as well. Whoever rules a namespace can write what looks like ours there,
 * and that is not to decide whom we let in: of objects, only those of the whole cluster count.
 */
export function revocableUsers(world: World): string[] {
  const everywhere = inCluster(world).filter(({ metadata }) => metadata.namespace === undefined);
  return unknownOf(world, [...knownOnce(world), ...everywhere.flatMap((object) => ownerOf(object) ?? [])]);
}

const ofMasters = (world: World): Observed[] =>
  withRole(world, 'master').flatMap(({ name }) => world.seen(name) ?? []);

const inCluster = (world: World): KubeObject[] =>
  ofMasters(world).flatMap((seen) => listed(seen, accessLists));

/** Users of this machine's own notes, and of rows in the masters' token files. */
const knownOnce = (world: World): string[] => [
  ...world.users.forgotten(),
  ...ofMasters(world)
    .flatMap((seen) => tokenFacts(seen).own)
    .filter((name) => nameProblem('user', name, true) === undefined),
];

function unknownOf({ users }: World, names: readonly string[]): string[] {
  const known = new Set([...users.users(), ...users.revoked()].map(({ name }) => name));
  return [...new Set(names)].filter((name) => !known.has(name)).sort();
}

/** A certificate lives on the controller alone; it is made when the run begins to change things. */
function credentials(world: World, user: User): Resource {
  return {
    id: `user-certificate:${user.name}`,
    title: `certificate of ${user.name}`,
    watches: [],
    diff(): Change {
      const reason = world.users.whyIssue(user);
      if (reason === undefined) return none('fits');
      const known = world.users.credentials(user.name) !== undefined;
      const days = specOf(user).days;
      return {
        kind: known ? 'update' : 'create',
        summary: `${reason}; made for ${days} days, on this machine`,
      };
    },
    steps: () => [],
  };
}

const rights = (name: string, wanted: ReturnType<typeof accessOf>['own']): Resource =>
  objectSet({
    id: `user:${name}`,
    title: `rights of ${name}`,
    lists: accessLists,
    wanted,
    goes: (object) => ownerOf(object) === name,
    kubectl,
  });

/** Roles that several users have; somebody may have bound others to them, so that only `--prune` takes them away. */
const sharedRoles = (world: World, users: readonly User[]): Resource =>
  objectSet({
    id: 'users:roles',
    title: 'roles of users',
    lists: accessLists,
    wanted: sorted(users.flatMap((user) => accessOf(user).shared)),
    goes: (object) => world.prune && isShared(object),
    kubectl,
  });
