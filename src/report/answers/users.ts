import { posix } from 'node:path';
import type {
  Identity,
  IssuedUser,
  RenderedAccess,
  RevokedUser,
  UserList,
  WrittenKubeconfig,
} from '../../answers/users.ts';
import { objectsText } from '../../resources/cluster/objects-text.ts';
import { table } from '../table.ts';

export function usersListText({ users }: UserList): string {
  const cells = users.map(({ name, kind, source, certificate, token, groups, roles }) => [
    kind === 'Group' ? `${name} (group)` : name,
    source,
    certificate === null ? '-' : `until ${certificate.slice(0, 10)}`,
    token ? 'yes' : '-',
    groups.join(',') || '-',
    roles.join(', ') || '-',
  ]);
  return `${table([['NAME', 'FROM', 'CERTIFICATE', 'TOKEN', 'GROUPS', 'ROLES'], ...cells]).join('\n')}\n`;
}

export function issueUserText(issued: IssuedUser): string {
  const { user, folder, expires, kept, applied, missed, token, sealed, rights } = issued;
  return [
    ...(expires === null
      ? []
      : [`${kept ? 'Kept' : 'Made'} the certificate of ${user}, valid until ${expires.slice(0, 10)}.`]),
    ...(token ? [`${user}'s token is in ${posix.join(folder, `${user}.token`)}.`] : []),
    ...(sealed
      ? [
          `Everything ${user} needs is in ${folder}, its secrets sealed. To hand it out:`,
          `  k8s-bootstrap users kubeconfig ${user} --out ${user}.kubeconfig`,
        ]
      : [
          `Everything ${user} needs is in ${folder}:`,
          `  kubectl --kubeconfig ${posix.join(folder, `${user}.kubeconfig`)} get pods`,
        ]),
    ...(rights ? [] : [`${user} has no rights yet: give some with --role or --cluster-role.`]),
    ...(applied ? [] : [notApplied(missed)]),
    '',
  ].join('\n');
}

const notApplied = (missed: readonly string[]): string =>
  missed.length === 0
    ? 'Nothing was done on the masters; rights and tokens go there with the next "up".'
    : `${missed.join(', ')} could not be reached; what is missing there comes with the next "up".`;

export const usersRevokeText = (revoked: RevokedUser): string =>
  [
    revoked.applied
      ? `${revoked.user} has no rights of its own and no token any more.`
      : `${revoked.user} is denied; the next "up" takes rights and token away where this run could not.`,
    ...(revoked.missed.length === 0
      ? []
      : [
          `Not reached: ${revoked.missed.join(', ')}. A token still opens the API there; run this again when it is back.`,
        ]),
    ...(revoked.deleted === null
      ? []
      : [`Deleted on this machine: ${revoked.deleted}, with the key and the kubeconfig of ${revoked.user}.`]),
    ...stillValid(revoked),
    '',
  ].join('\n');

/** Kubernetes asks nobody whether a certificate was revoked: https://github.com/kubernetes/kubernetes/issues/18982 */
function stillValid({ user, certificates, groups }: RevokedUser): string[] {
  const last = certificates
    .map(({ expires }) => expires)
    .sort()
    .at(-1);
  if (last === undefined) return [];
  return [
    `Its certificate cannot be revoked: it stays valid until ${last.slice(0, 10)}, and whoever has the key still logs in as ${user}.`,
    'What was done: every binding made for the user is gone, and the name is denied, so that issuing it again warns.',
    ...(groups.length === 0
      ? []
      : [
          `What its groups (${groups.join(', ')}) are bound to, it keeps until then: see "k8s-bootstrap users list".`,
        ]),
  ];
}

export const usersKubeconfigText = ({ file }: WrittenKubeconfig): string => `Written: ${file}\n`;

export const usersWhoamiText = (identity: Identity): string => {
  const { server, certificate, groups, expires, token } = identity;
  return [
    `server       ${server}`,
    ...(certificate === null
      ? []
      : [
          `certificate  ${certificate}, groups ${groups.join(', ') || 'none'}, until ${expires?.slice(0, 10) ?? '?'}`,
        ]),
    ...(token ? ['token        yes'] : []),
    `answer       ${whatItSaid(identity)}`,
    '',
  ].join('\n');
};

/** A certificate opens until it expires: of who was revoked the server knows who it is, and lets that one do nothing. */
function whatItSaid({ user, status, rights, namespace }: Identity): string {
  const who = user ?? 'the holder of the token';
  if (status === 401) return 'does not know this identity (401)';
  if (rights === null) return `knows ${who}, and does not say what that one may do`;
  return rights
    ? `lets in ${who}`
    : `knows ${who}, who may do nothing in namespace ${namespace}: no rights yet, rights elsewhere, or revoked`;
}

export const rbacRenderText = ({ objects }: RenderedAccess): string => objectsText(objects);
