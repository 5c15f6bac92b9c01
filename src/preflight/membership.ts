import { paths } from '../kernel/host-paths.ts';
import type { Host } from '../inventory/types.ts';
import {
  type EtcdMember,
  isHealthy,
  membership,
  membersOf,
  peerUrl,
  strayMembers,
  walFolder,
} from '../phases/etcd/members.ts';
import type { World } from '../phases/phase.ts';
import { etcdData } from '../phases/shared/data-folders.ts';
import { nodes, withRole } from '../phases/shared/topology.ts';
import { someOf } from '../kernel/some-of.ts';
import { nodesIn } from '../resources/cluster/kube-api.ts';
import { MANIFEST } from '../resources/manifest.ts';
import { type Check, type Result, type Subject, error, warn } from './check.ts';

/** Who is in etcd and among the nodes, against who is in the inventory. */
export const membershipChecks: readonly Check[] = [
  { id: 'etcd-data', title: 'members of etcd have their data', check: dataLost },
  { id: 'etcd-members', title: 'etcd counts the members that the inventory names', check: members },
  { id: 'nodes', title: 'the inventory names all nodes', check: strayNodes },
];

/** Asked about the store as a whole, told at one host. */
const speaker = (world: World): Host | undefined => {
  const hosts = withRole(world, 'etcd');
  return hosts.find((host) => isHealthy(world, host)) ?? hosts.find(({ name }) => world.seen(name));
};

const empty = ({ inventory }: World): string => `rm -rf ${etcdData(inventory)}/*`;
const beginEmpty = (world: World): string =>
  `To begin with an empty store and lose everything, on all masters and members: ${empty(world)}; rm -f ${paths.etcdStarted}; sed -i '/\\t\\(etcd\\|apiserver\\)$/d' ${MANIFEST}.`;
const removal = ({ id }: EtcdMember): string => `etcdctl member remove ${id}`;

/** A folder that is there also when the data is not. */
function diskOf(world: World, host: Host): string {
  const wal = walFolder(world, host);
  const data = etcdData(world.inventory);
  return wal.startsWith(`${data}/`) ? data : wal.slice(0, wal.lastIndexOf('/')) || '/';
}

function dataLost({ world, host }: Subject): Result[] {
  if (!host.roles.includes('etcd')) return [];
  const found = membership(world, host);
  if (found.is === 'late') {
    return error(
      `has no data, nor has another member, and the cluster has run: ${found.proof} shows it`,
      `Is a disk not mounted (findmnt -T ${diskOf(world, host)}), or was the role etcd moved? Give it back to the hosts that have the data, or bring the store back to a snapshot (k8s-bootstrap etcd restore FILE). ${beginEmpty(world)}`,
    );
  }
  if (found.is !== 'lost') return [];
  const who = found.member ? `is still a member (id ${found.member.id})` : 'was a member';
  const message = `has lost its data and ${who}`;
  const healthy = withRole(world, 'etcd').find((one) => isHealthy(world, one));
  const mount = `Is its disk not mounted (findmnt -T ${diskOf(world, host)})? Bring it back, if there is one.`;
  if (healthy && found.member) {
    return error(
      message,
      `${mount} Otherwise k8s-bootstrap etcd replace ${host.name} makes it a member anew, with what the others have; until then, up --skip etcd does the rest.`,
    );
  }
  return error(
    message,
    `${mount} Without a quorum no member can be replaced: start the others, or bring all back to a snapshot (k8s-bootstrap etcd restore FILE). ${beginEmpty(world)}`,
  );
}

/** Of members that nobody runs any more, a quorum is lost with the next that is switched off. */
function members({ world, host }: Subject): Result[] {
  const joining = host.roles.includes('etcd') ? newcomer(world, host) : [];
  const strays = strayMembers(world);
  if (strays.length === 0 || host.name !== speaker(world)?.name) return joining;
  const all = membersOf(world).length;
  const quorum = Math.floor(all / 2) + 1;
  const message = `etcd counts ${named(strays)} among its ${all} members, and the inventory does not name ${strays.length > 1 ? 'them' : 'it'}`;
  const hint = `Put ${strays.length > 1 ? 'them' : 'it'} back into the inventory, or, while a quorum of ${quorum} runs: ${strays.map(removal).join('; ')}.`;
  const waits = withRole(world, 'etcd').some((one) => membership(world, one).is === 'added');
  return [
    ...joining,
    ...(all - strays.length < quorum || waits ? error(message, hint) : warn(message, hint)),
  ];
}

/** Who joins is taken in by those that are there, when all of them are well; who has old data is not. */
function newcomer(world: World, host: Host): Result[] {
  const { is } = membership(world, host);
  if (is === 'stranger') {
    return error(
      `is no member of etcd, which counts ${named(membersOf(world))}, and has data of before`,
      `k8s-bootstrap etcd replace ${host.name} sets it aside and makes it a member anew.`,
    );
  }
  if (is !== 'joins') return [];
  const strays = strayMembers(world);
  if (strays.length > 0) {
    return error(
      `is no member of etcd, which counts ${named(membersOf(world))}`,
      `It joins when nobody else has its place. On ${speaker(world)?.name ?? 'a member'}: ${strays.map(removal).join('; ')}. Then up.`,
    );
  }
  const sick = withRole(world, 'etcd').filter(
    (one) => membersOf(world).some(({ peerUrl: url }) => url === peerUrl(one)) && !isHealthy(world, one),
  );
  if (sick.length === 0) return [];
  return error(
    `cannot join etcd while a member is not healthy: ${sick.map(({ name }) => name).join(', ')}`,
    'k8s-bootstrap etcd status says what it lacks.',
  );
}

const named = (list: readonly EtcdMember[]): string =>
  list
    .map(({ name, peerUrl: url, id }) => `${name || 'one that has not started'} (${url}, id ${id})`)
    .join(', ');

function strayNodes({ world, host }: Subject): Result[] {
  const known = nodesIn(world.seen(host.name));
  const first = withRole(world, 'master').find(({ name }) => nodesIn(world.seen(name)));
  if (!known || first?.name !== host.name) return [];
  const wanted = new Set(nodes(world).map(({ name }) => name));
  const strays = [...known.keys()].filter((name) => !wanted.has(name) && /^[a-z0-9.-]{1,253}$/.test(name));
  if (strays.length === 0) return [];
  return warn(
    `nodes of the cluster that the inventory does not name: ${someOf(strays)}`,
    'Put them back into the inventory, or take each away: k8s-bootstrap node remove NODE.',
  );
}
