import type { Host } from '../../../inventory/types.ts';
import { BootstrapError } from '../../../kernel/errors.ts';
import { quote } from '../../../kernel/quote.ts';
import {
  HERE,
  alarmsOf,
  etcdctl,
  hasLeader,
  leaderGate,
  memberState,
  roomGate,
} from '../../../phases/etcd/etcdctl.ts';
import type { World } from '../../../phases/phase.ts';
import { withRole } from '../../../phases/shared/topology.ts';
import { type ProcedureStep, running } from '../../../run/procedure.ts';

const SECONDS = 600;

/** Of the members that have raised it, by host name. */
export const withoutSpace = (world: World): string[] => {
  const hosts = withRole(world, 'etcd');
  const alarms = alarmsOf(world, hosts);
  return hosts
    .filter((host) => alarms.get(memberState(world, host)?.id ?? '')?.includes('NOSPACE'))
    .map(({ name }) => name);
};

/**
 * One member after the other, whoever leads last: while it works, a member answers nobody. Where the database is full,
 * nobody can write that it may be compacted, so that is done first, and the alarm is taken back in the end. Pure.
 * @throws E_TOO_FEW_STAND
 */
export function defragSteps(world: World): ProcedureStep[] {
  const hosts = withRole(world, 'etcd');
  const members = hosts.filter((host) => hasLeader(world, host));
  refuseTooFew(hosts, members);
  const isLeader = (host: Host): boolean => {
    const state = memberState(world, host);
    return state !== undefined && state.leader === state.id;
  };
  const ordered = [...members.filter((host) => !isLeader(host)), ...members.filter(isLeader)];
  const [first] = members;
  const full = withoutSpace(world);
  return [
    ...(first && full.length > 0 ? [compaction(world, first)] : []),
    ...ordered.map((host): ProcedureStep => {
      const others = members.filter(({ name }) => name !== host.name);
      return {
        id: 'etcd-defrag',
        title: `defragment ${host.name}${isLeader(host) ? ', which leads' : ''}`,
        hosts: [host.name],
        needs: others.map(leaderGate),
        does: running('defragment the database of etcd', `${etcdctl([HERE], SECONDS)} defrag`, SECONDS),
        gates: () => [leaderGate(host)],
      };
    }),
    ...(first && full.length > 0
      ? [
          {
            id: 'etcd-disarm',
            title: 'take the alarm back',
            hosts: [first.name],
            needs: members.map(roomGate),
            does: running('take the alarm of etcd back', `${etcdctl([HERE])} alarm disarm`),
          },
        ]
      : []),
  ];
}

/** What came before the present revision is forgotten, as API servers do by the clock. */
const compaction = (world: World, host: Host): ProcedureStep => ({
  id: 'etcd-compact',
  title: 'forget what was overwritten',
  hosts: [host.name],
  does: running(
    'compact the history of etcd',
    `said=$(${etcdctl([HERE], SECONDS)} compact ${quote(String(memberState(world, host)?.revision ?? 0))} --physical 2>&1) ||
case $said in *'has been compacted'*) ;; *) printf '%s\\n' "$said"; exit 1 ;; esac`,
    SECONDS,
  ),
});

/** As many others have to stand as a quorum is; of one, or of two that need each other, all the others. */
function refuseTooFew(hosts: readonly Host[], members: readonly Host[]): void {
  const needed = Math.min(Math.floor(hosts.length / 2) + 1, hosts.length - 1);
  if (members.length > 0 && members.length - 1 >= needed) return;
  const missing = hosts.filter((host) => !members.includes(host)).map(({ name }) => name);
  throw new BootstrapError(
    'E_TOO_FEW_STAND',
    `etcd is left as it is: while a member is defragmented, ${needed} others must stand, and ${missing.join(', ')} ${missing.length === 1 ? 'does' : 'do'} not`,
    { hint: 'Repair them first; k8s-bootstrap etcd status says what they lack.' },
  );
}
