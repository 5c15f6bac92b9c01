import type { EtcdMemberStatus, EtcdStatus } from '../../../answers/etcd.ts';
import type { Host } from '../../../inventory/types.ts';
import { alarmsOf, memberState } from '../../../phases/etcd/etcdctl.ts';
import {
  type EtcdMember,
  isHealthy,
  membersOf,
  membership,
  peerUrl,
  strayMembers,
} from '../../../phases/etcd/members.ts';
import type { World } from '../../../phases/phase.ts';
import { withRole } from '../../../phases/shared/topology.ts';

/** The members are asked at the same time, not in the same moment: so many entries behind are none. */
const LAG = 1000;
/** Below this, a database that is mostly empty is no waste that anybody would notice. */
const WORTH_BYTES = 100 * 1024 ** 2;
/** From this part of what it may become on, a database is about to be full. */
const NEARLY_FULL = 0.8;

/** Pure. @param lost hosts that could not be asked */
export function statusOf(world: World, lost: readonly string[]): EtcdStatus {
  const hosts = withRole(world, 'etcd');
  const known = new Map(membersOf(world).map((member) => [member.peerUrl, member]));
  const alarms = alarmsOf(world, hosts);
  const states = new Map(hosts.map((host) => [host.name, memberState(world, host)]));
  const farthest = Math.max(0, ...[...states.values()].map((state) => state?.raftIndex ?? 0));
  const leaders = new Set([...states.values()].map((state) => state?.leader));
  const ofHost = (host: Host): EtcdMemberStatus => {
    const member = known.get(peerUrl(host));
    const state = states.get(host.name);
    const id = member?.id ?? state?.id ?? null;
    return {
      host: host.name,
      id,
      peerUrl: peerUrl(host),
      role: roleOf(world, member, id !== null && leaders.has(id), state?.isLearner ?? false),
      healthy: isHealthy(world, host),
      version: state?.version ?? null,
      size: state ? { total: state.total, inUse: state.inUse ?? null, quota: state.quota ?? null } : null,
      raftIndex: state?.raftIndex ?? null,
      lag: state ? farthest - state.raftIndex : null,
      alarms: alarms.get(id ?? '') ?? [],
    };
  };
  const members = [
    ...hosts.map(ofHost),
    ...strayMembers(world).map((member): EtcdMemberStatus => ({
      host: null,
      id: member.id,
      peerUrl: member.peerUrl,
      role: member.started ? 'unknown' : 'not started',
      healthy: false,
      version: null,
      size: null,
      raftIndex: null,
      lag: null,
      alarms: alarms.get(member.id) ?? [],
    })),
  ];
  const voters = members.filter(({ id, role }) => id !== null && role !== 'learner');
  const quorum = {
    members: voters.length,
    needed: Math.floor(voters.length / 2) + 1,
    healthy: voters.filter(({ healthy }) => healthy).length,
  };
  const problems = [
    ...(quorum.healthy < quorum.needed
      ? [
          `no quorum: ${quorum.healthy} of ${quorum.members} members are healthy, and ${quorum.needed} must be`,
        ]
      : []),
    ...lost.map((host) => `${host} could not be asked`),
    ...hosts
      .filter(({ name }) => !lost.includes(name))
      .flatMap((host) => problemsOf(world, host, ofHost(host))),
    ...strayMembers(world).map(
      ({ name, peerUrl: url, id }) =>
        `${name || 'a member that has not started'} (${url}, id ${id}) is in etcd and not in the inventory`,
    ),
    ...differingVersions(members),
  ];
  return { well: problems.length === 0, quorum, members, problems };
}

function roleOf(
  world: World,
  member: EtcdMember | undefined,
  leads: boolean,
  learns: boolean,
): EtcdMemberStatus['role'] {
  if (!member) return membersOf(world).length > 0 ? 'no member' : 'unknown';
  if (!member.started) return 'not started';
  if (learns) return 'learner';
  return leads ? 'leader' : 'follower';
}

function problemsOf(world: World, host: Host, status: EtcdMemberStatus): string[] {
  const { role, healthy, lag, alarms, size } = status;
  const { name } = host;
  const { is } = membership(world, host);
  if (is === 'lost') {
    return [`${name} has lost its data: bring back its disk, or k8s-bootstrap etcd replace ${name}`];
  }
  if (is === 'stranger') {
    return [`${name} was taken out, and has old data: k8s-bootstrap etcd replace ${name}`];
  }
  if (is === 'joins') return [`${name} is no member yet: k8s-bootstrap up lets it join`];
  const free = size?.inUse == null ? 0 : size.total - size.inUse;
  return [
    ...(role === 'not started' ? [`${name} was added and has not started: k8s-bootstrap up`] : []),
    ...(role === 'learner' ? [`${name} has no vote yet: k8s-bootstrap up`] : []),
    ...(healthy || role === 'not started' ? [] : [`${name} is not healthy: k8s-bootstrap logs etcd ${name}`]),
    ...(lag !== null && lag > LAG ? [`${name} is ${lag} entries behind`] : []),
    ...alarms.map((kind) => `${name} has raised ${kind}: ${ALARMS[kind] ?? 'see the documentation of etcd'}`),
    ...(size?.quota != null && size.total > size.quota * NEARLY_FULL
      ? [
          `the database of ${name} has ${percent(size.total, size.quota)} of the bytes that it may have${free > size.total / 2 ? '' : ' (quota-backend-bytes under etcd.extraArgs allows it more)'}`,
        ]
      : []),
    ...(size && size.total > WORTH_BYTES && free > size.total / 2
      ? [
          `${percent(free, size.total)} of the database of ${name} is empty: k8s-bootstrap etcd defrag gives it back`,
        ]
      : []),
  ];
}

const ALARMS: Readonly<Record<string, string>> = {
  NOSPACE:
    'the database is full, and etcd takes no writes until it is defragmented and the alarm is taken back: k8s-bootstrap etcd defrag does both',
  CORRUPT:
    'its data is not what the others have, and it takes no writes: k8s-bootstrap etcd replace gives it theirs',
};

const percent = (part: number, whole: number): string => `${Math.round((part / whole) * 100)} %`;

function differingVersions(members: readonly EtcdMemberStatus[]): string[] {
  const versions = new Set(members.flatMap(({ version }) => (version === null ? [] : [version])));
  return versions.size > 1 ? [`members run different versions: ${[...versions].sort().join(', ')}`] : [];
}
