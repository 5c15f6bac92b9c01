import { paths, ports } from '../../kernel/host-paths.ts';
import { oncePer } from '../../kernel/once-per.ts';
import { quote, sh } from '../../kernel/quote.ts';
import type { Host } from '../../inventory/types.ts';
import { caFilesOf } from '../../pki/profiles.ts';
import type { Watch } from '../../probe/observe.ts';
import { plain } from '../../resources/file.ts';
import { type ManifestEntry, manifestOf } from '../../resources/manifest.ts';
import { leafFiles } from '../shared/certificates.ts';
import { etcdData } from '../shared/data-folders.ts';
import { withRole } from '../shared/topology.ts';
import type { World } from '../phase.ts';

/** A member as those that run know it. */
export interface EtcdMember {
  /** As etcdctl takes it: hexadecimal. */
  readonly id: string;
  readonly name: string;
  readonly peerUrl: string;
  /** It has once been in the cluster: only a member that has started tells where clients reach it. */
  readonly started: boolean;
  /** It listens, and has no vote. */
  readonly isLearner: boolean;
}

/** What a host is to etcd, by its data and by what the members say. */
export type Membership =
  | { readonly is: 'member' }
  /** Nobody has ever had data: it starts the cluster together with the others. */
  | { readonly is: 'founder' }
  /** It was added, and has not started. */
  | { readonly is: 'added' }
  /** It had data that others rely on; `member` where one that runs tells of it. */
  | { readonly is: 'lost'; readonly member: EtcdMember | undefined }
  /** Nobody who was asked has data or tells of any, and yet the cluster has run: `proof` is a host that shows it. */
  | { readonly is: 'late'; readonly proof: string }
  /** There is a cluster, which takes it in. */
  | { readonly is: 'joins' }
  /** There is a cluster, of which it is no member any more, and it has data of before. */
  | { readonly is: 'stranger' }
  /** It has no data, and nobody tells whether it had any; `why` in words. */
  | { readonly is: 'unknown'; readonly why: string };

const client = leafFiles('etcd-healthcheck-client');
const CURL = "curl -sS --max-time 2 --noproxy '*'";
const AS_CLIENT = sh`--cacert ${caFilesOf('etcd').certificate} --cert ${client.certificate} --key ${client.key}`;

/** Asks the member on the host itself; with the version of the cluster, over the same connection. */
export const healthScript = `${CURL} ${AS_CLIENT} https://127.0.0.1:${ports.etcdClient}/health https://127.0.0.1:${ports.etcdClient}/version`;

export const health: Watch = {
  kind: 'answer',
  key: 'etcd-health',
  slow: true,
  script: healthScript,
};

/** Where etcd keeps what it must not lose: it takes a folder without `*.wal` for a new member's. */
export const walFolder = ({ inventory }: Pick<World, 'inventory'>, host: Host): string => {
  const chosen = host.extraArgs.etcd?.['wal-dir'] ?? inventory.etcd.extraArgs['wal-dir'];
  return chosen == null ? `${etcdData(inventory)}/member/wal` : plain(chosen);
};

export const dataWatch = (world: Pick<World, 'inventory'>, host: Host): Watch => ({
  kind: 'answer',
  key: 'etcd-data',
  script: `set -- ${quote(walFolder(world, host))}/*.wal; if [ -e "$1" ]; then echo yes; else echo no; fi`,
});

/**
 * A member tells its peers who the others are also while there is no quorum, when it answers no client. There it takes
 * HTTP/2 for gRPC; curl of CentOS 7 speaks 1.1 only, and ends with 2 at an option that it does not know.
 */
export function membersWatch({ ip }: Host): Watch {
  const ask = `${AS_CLIENT} ${quote(`https://${ip}:${ports.etcdPeer}/members`)}`;
  const script = `${CURL} --http1.1 ${ask} 2>/dev/null || { [ $? -eq 2 ] && ${CURL} ${ask}; }`;
  return { kind: 'answer', key: 'etcd-members', slow: true, script };
}

export const startedWatch: Watch = { kind: 'file', key: paths.etcdStarted, read: 'hash' };

/** All that tells what a host is to etcd. */
export const membershipWatches = (world: Pick<World, 'inventory'>, host: Host): Watch[] => [
  dataWatch(world, host),
  membersWatch(host),
  startedWatch,
  health,
];

export const hasData = (world: World, { name }: Host): boolean =>
  world.seen(name)?.answer('etcd-data')?.output === 'yes';

export const isHealthy = (world: World, { name }: Host): boolean =>
  world.seen(name)?.answer(health.key)?.output.includes('"health":"true"') ?? false;

/** The version that all members have at least, as one that is healthy tells it. */
export const clusterVersion = (world: World): string | undefined => {
  const host = withRole(world, 'etcd').find((one) => isHealthy(world, one));
  const said = host && world.seen(host.name)?.answer(health.key)?.output;
  return /"etcdcluster":"(\d{1,3}\.\d{1,3}\.\d{1,3})"/.exec(said ?? '')?.[1];
};

export const peerUrl = ({ ip }: Host): string => `https://${ip}:${ports.etcdPeer}`;

/**
 * The members as they are known: to those with a quorum, or, without any, to all that run. None where nobody answers.
 * One that has started by anybody’s account has started. In the order of their addresses, as etcd's own
 * is that of random ids.
 */
export const membersOf = oncePer((world: World): readonly EtcdMember[] => {
  const hosts = withRole(world, 'etcd');
  const healthy = hosts.filter((host) => isHealthy(world, host));
  const known = new Map<string, EtcdMember>();
  for (const { name } of healthy.length > 0 ? healthy : hosts) {
    const answer = world.seen(name)?.answer('etcd-members');
    for (const member of answer?.code === 0 ? parsed(answer.output) : []) {
      if (!known.get(member.peerUrl)?.started) known.set(member.peerUrl, member);
    }
  }
  return [...known.values()].sort((a, b) => (a.peerUrl < b.peerUrl ? -1 : 1));
});

/** Members of etcd that no host of the inventory is. */
export function strayMembers(world: World): readonly EtcdMember[] {
  const named = new Set(withRole(world, 'etcd').map(peerUrl));
  return membersOf(world).filter((member) => !named.has(member.peerUrl));
}

export function membership(world: World, host: Host): Membership {
  const hosts = withRole(world, 'etcd');
  const members = membersOf(world);
  const own = members.find((member) => member.peerUrl === peerUrl(host));
  if (hasData(world, host)) {
    const wasRemoved = !own && !isHealthy(world, host) && hosts.some((one) => isHealthy(world, one));
    return wasRemoved && members.length > 0 ? { is: 'stranger' } : { is: 'member' };
  }
  if (own) return own.started ? { is: 'lost', member: own } : { is: 'added' };
  if (members.length > 0) return { is: 'joins' };
  if (world.seen(host.name)?.file(paths.etcdStarted)?.type === 'file')
    return { is: 'lost', member: undefined };
  const unseen = hosts.find(({ name }) => world.seen(name) === undefined);
  if (unseen) return { is: 'unknown', why: `${unseen.name}, which was not reached` };
  const holder = hosts.find((one) => hasData(world, one));
  if (holder) return { is: 'unknown', why: `etcd on ${holder.name} to run (systemctl start etcd)` };
  // A run about users alone asks no host for its data.
  const wasAsked = hosts.every(({ name }) => world.seen(name)?.answer('etcd-data') !== undefined);
  const proof = wasAsked ? whoHasRun(world) : undefined;
  return proof === undefined ? { is: 'founder' } : { is: 'late', proof };
}

/**
 * A host that shows that the cluster has had an etcd: it was a member, or it has an API server, which comes behind one.
 * A cluster is founded once, also where the role of a member was moved to a host that has never been one.
 */
const whoHasRun = oncePer((world: World): string | undefined => {
  const host = world.inventory.hosts.find(({ name, roles }) => {
    const seen = world.seen(name);
    const written = seen ? manifestOf(seen) : new Map<string, ManifestEntry>();
    const wasMember = !roles.includes('etcd') && written.has(paths.etcdStarted);
    return wasMember || [...written.values()].some(({ phase }) => phase === 'apiserver');
  });
  return host?.name;
});

/** An answer that is not wholly of the known form is none. */
function parsed(output: string): EtcdMember[] {
  let list: unknown;
  try {
    // Ids are numbers of 64 bits, more than JSON.parse keeps.
    list = JSON.parse(output.replaceAll(/"id":(\d{1,20})\b/g, '"id":"$1"'));
  } catch {
    return [];
  }
  const members = Array.isArray(list) ? list.map(memberOf) : [];
  return members.every((member) => member !== undefined) ? members : [];
}

function memberOf(said: unknown): EtcdMember | undefined {
  const {
    id,
    name = '',
    peerURLs,
    clientURLs,
    isLearner,
  } = (said ?? {}) as Readonly<Record<string, unknown>>;
  const url: unknown = Array.isArray(peerURLs) ? peerURLs[0] : undefined;
  if (typeof id !== 'string' || typeof name !== 'string' || typeof url !== 'string') return undefined;
  if (!/^\d+$/.test(id) || !/^[\w.-]{0,253}$/.test(name) || !/^https?:\/\/[\w.-]{1,253}:\d{1,5}$/.test(url))
    return undefined;
  const started = Array.isArray(clientURLs) && clientURLs.length > 0;
  return { id: BigInt(id).toString(16), name, peerUrl: url, started, isLearner: isLearner === true };
}
