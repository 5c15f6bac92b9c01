import { hostNamed } from '../../../inventory/lookup.ts';
import type { Host } from '../../../inventory/types.ts';
import { BootstrapError } from '../../../kernel/errors.ts';
import { isLaid, laying, starting } from '../laying.ts';
import { memberRemoval } from '../member-removal.ts';
import { paths } from '../../../kernel/host-paths.ts';
import { etcdFolder } from '../../../phases/etcd/etcd.ts';
import { fileId } from '../../../resources/file.ts';
import { hasData, isHealthy, membership, membersOf, peerUrl } from '../../../phases/etcd/members.ts';
import { settingAside } from '../../../phases/etcd/set-aside.ts';
import type { World } from '../../../phases/phase.ts';
import { withRole } from '../../../phases/shared/topology.ts';
import type { Deed, ProcedureStep } from '../../../run/procedure.ts';
import { snapshotHost } from '../backup/take-snapshot.ts';

export interface Replacement {
  readonly host: string;
  /** Although the member is well. */
  readonly force: boolean;
  /** Marks what is set aside. */
  readonly stamp: string;
  /** Brings a snapshot here. */
  readonly backup: Extract<Deed, { kind: 'act' }>['act'];
}

/**
 * What is left to do until the host is a member anew, by what is seen: a run that was cut short is finished by the next.
 * Out of the members first: until then, nothing of it is touched. Pure.
 * @throws E_ETCD_MEMBER_WELL, E_ETCD_NO_QUORUM, E_UNREACHABLE
 */
export function replaceSteps(world: World, replacement: Replacement): ProcedureStep[] {
  const { stamp, backup } = replacement;
  const host = hostNamed(world.inventory, replacement.host);
  const { name } = host;
  refuse(world, host, replacement);
  const own = membersOf(world).find((member) => member.peerUrl === peerUrl(host));
  const join: ProcedureStep = {
    id: 'etcd-join',
    title: 'add it to the members and start it, and wait until it has caught up',
    hosts: [name],
    does: starting(world, 'etcd', ETCD_UNIT, joining(world)),
  };
  const stop: ProcedureStep = {
    id: 'etcd-stop',
    title: 'stop etcd',
    hosts: [name],
    does: { kind: 'steps', steps: () => [{ op: 'unit', verb: 'stop', unit: ETCD_UNIT }] },
  };
  const isBare = !isLaid(world, name, ETCD_UNIT);
  const ground = isBare ? laying(world, [name]) : [];
  if (membership(world, host).is === 'added') return [...ground, join];
  const donor = snapshotHost(world, name);
  return [
    ...ground,
    {
      id: 'etcd-backup',
      title: 'bring a snapshot here',
      hosts: [donor],
      does: { kind: 'act', act: backup },
    },
    ...(isBare ? [] : [stop]),
    ...(own && (own.started || hasData(world, host)) ? [memberRemoval(donor, name, own.id)] : []),
    {
      id: 'etcd-set-aside',
      title: 'set aside what it has of the store',
      hosts: [name],
      ...(hasData(world, host) && {
        destroys: `what ${name} has of the store is used no more, but kept beside`,
      }),
      does: { kind: 'steps', steps: () => [settingAside(world, host, stamp)] },
    },
    join,
  ];
}

const ETCD_UNIT = 'etcd.service';

/** What makes a member of a host that has etcd. */
const joining = (world: World): string[] => [
  ...['etcd-join', 'etcd-start', 'etcd-vote', etcdFolder(world).id],
  ...[paths.etcdBootEnv, paths.etcdStarted].map(fileId),
];

function refuse(world: World, host: Host, { force }: Replacement): void {
  const { name } = host;
  if (!world.seen(name)) throw new BootstrapError('E_UNREACHABLE', `${name} was not reached`);
  const { is } = membership(world, host);
  if (is === 'member' && isHealthy(world, host) && !force) {
    throw new BootstrapError('E_ETCD_MEMBER_WELL', `${name} is a healthy member of etcd`, {
      hint: 'Nothing was changed. With --force it is made anew all the same.',
      where: { host: name },
    });
  }
  const members = membersOf(world).filter(({ isLearner }) => !isLearner);
  const isKnown = members.some((member) => member.peerUrl === peerUrl(host));
  const all = members.length + (isKnown ? 0 : 1);
  const needed = Math.floor(all / 2) + 1;
  const voters = new Set(members.map((member) => member.peerUrl));
  const others = withRole(world, 'etcd').filter(
    (one) => one.name !== name && voters.has(peerUrl(one)) && isHealthy(world, one),
  );
  // etcd takes nobody in while one of the members is away: taken out, it would not come back.
  if (others.length >= needed && others.length === all - 1) return;
  throw new BootstrapError(
    'E_ETCD_NO_QUORUM',
    `of the other members of etcd ${others.length === 0 ? 'none is' : `${others.map((one) => one.name).join(', ')} alone ${others.length === 1 ? 'is' : 'are'}`} healthy, and the ${all - 1} others all must be, or etcd takes it in no more`,
    {
      hint: 'Nothing was changed. Start the others first: k8s-bootstrap logs etcd says why one does not run. Where no quorum comes back, k8s-bootstrap etcd restore FILE brings all of them back to a snapshot.',
    },
  );
}
