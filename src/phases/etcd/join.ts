import type { Host } from '../../inventory/types.ts';
import { quote } from '../../kernel/quote.ts';
import { etcdCan } from '../../release/etcd-features.ts';
import type { Resource } from '../../resources/resource.ts';
import type { Step } from '../../resources/step.ts';
import { withRole } from '../shared/topology.ts';
import { etcdData } from '../shared/data-folders.ts';
import type { World } from '../phase.ts';
import { clientUrl, etcdctl } from './etcdctl.ts';
import {
  type EtcdMember,
  clusterVersion,
  membership,
  membershipWatches,
  membersOf,
  peerUrl,
} from './members.ts';

/**
 * A host that gets etcd while a cluster stands is added by those that are there, when all of them are well, and before it
 * is started. Where etcd can, it is added without a vote.
 */
export function joining(world: World, host: Host): Resource[] {
  if (membership(world, host).is !== 'joins') return [];
  const learns = etcdCan('learner', clusterVersion(world));
  const names = membersOf(world).map((member) => nameOf(world, member));
  return [
    {
      id: 'etcd-join',
      title: 'etcd gets a member',
      watches: membershipWatches(world, host),
      diff: () => ({
        kind: 'create',
        summary: `joins ${names.join(', ')}${learns ? ', at first without a vote' : ''}`,
      }),
      steps: () => [addition(world, host, learns)],
    },
  ];
}

/** A member without a vote gets one when it has caught up. */
export function promotion(world: World, host: Host): Resource[] {
  const own = membersOf(world).find((member) => member.peerUrl === peerUrl(host));
  const learns = own
    ? own.isLearner
    : joining(world, host).length > 0 && etcdCan('learner', clusterVersion(world));
  if (!learns) return [];
  return [
    {
      id: 'etcd-vote',
      title: 'etcd member votes',
      watches: membershipWatches(world, host),
      diff: () => ({ kind: 'update', summary: 'gets its vote when it has caught up' }),
      steps: () => [promoting(world, host)],
    },
  ];
}

/** `name=url` of all members, as a new one has to know them: those that are there, and itself. */
export function initialCluster(world: World, host: Host): string {
  const others = membersOf(world).filter((member) => member.peerUrl !== peerUrl(host));
  const pairs = others.map((member) => `${nameOf(world, member)}=${member.peerUrl}`);
  return [...pairs, `${host.name}=${peerUrl(host)}`].join(',');
}

/** One that has not started has told no name. */
const nameOf = (world: World, member: EtcdMember): string =>
  member.name ||
  (withRole(world, 'etcd').find((host) => peerUrl(host) === member.peerUrl)?.name ?? `member-${member.id}`);

/** Members that a newcomer can ask: those that have started. */
function endpoints(world: World, host: Host): string[] {
  const started = new Set(membersOf(world).flatMap((one) => (one.started ? [one.peerUrl] : [])));
  return withRole(world, 'etcd')
    .filter((one) => one.name !== host.name && started.has(peerUrl(one)))
    .map(clientUrl);
}

/** etcd takes a change of its members only when all have been connected for some seconds. */
export const SETTLE_SECONDS = 40;

function addition(world: World, host: Host, learns: boolean): Step {
  const ctl = etcdctl(endpoints(world, host));
  const data = `${etcdData(world.inventory)}/member`;
  const leftOver = `${data} is of an earlier member: k8s-bootstrap etcd replace ${host.name} sets it aside`;
  const add = `member add ${quote(host.name)} ${quote(`--peer-urls=${peerUrl(host)}`)}${learns ? ' --learner' : ''}`;
  return {
    op: 'run',
    title: `add ${host.name} to the members of etcd`,
    seconds: SETTLE_SECONDS,
    script: `[ ! -e ${quote(data)} ] || { echo ${quote(leftOver)}; exit 1; }
said=$(${ctl} endpoint health 2>&1) || { echo 'no member is added before all are healthy:'; printf '%s\\n' "$said"; exit 1; }
i=0
until said=$(${ctl} ${add} 2>&1); do
  case $said in *'Peer URLs already exists'*) break ;; esac
  i=$((i + 2))
  [ $i -lt ${SETTLE_SECONDS} ] || { printf '%s\\n' "$said"; exit 1; }
  sleep 2
done`,
  };
}

/** Of a database of some GiB over a slow line. */
const CATCH_UP_SECONDS = 1800;

function promoting(world: World, host: Host): Step {
  const ctl = etcdctl(endpoints(world, host));
  return {
    op: 'run',
    title: `let ${host.name} vote in etcd`,
    seconds: CATCH_UP_SECONDS,
    script: `id=$(${ctl} member list | awk -F ', ' -v url=${quote(peerUrl(host))} '$4 == url && $1 ~ /^[0-9a-f]+$/ { print $1 }')
[ -n "$id" ] || { echo 'it is not among the members'; exit 1; }
i=0
until said=$(${ctl} member promote "$id" 2>&1); do
  case $said in
    *'in sync with leader'*) ;;
    *'can only promote a learner member'*) break ;;
    *) [ $i -lt ${SETTLE_SECONDS} ] || { printf '%s\\n' "$said"; exit 1; } ;;
  esac
  i=$((i + 2))
  [ $i -lt ${CATCH_UP_SECONDS} ] || { printf '%s\\n' "$said"; exit 1; }
  sleep 2
done`,
  };
}
