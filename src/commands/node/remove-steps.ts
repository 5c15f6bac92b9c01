import { hostIfNamed } from '../../inventory/lookup.ts';
import type { Host } from '../../inventory/types.ts';
import { BootstrapError } from '../../kernel/errors.ts';
import { paths } from '../../kernel/host-paths.ts';
import { quote, sh } from '../../kernel/quote.ts';
import { memberRemoval } from '../etcd/member-removal.ts';
import { type EtcdMember, isHealthy, membersOf, peerUrl, strayMembers } from '../../phases/etcd/members.ts';
import { settingAside } from '../../phases/etcd/set-aside.ts';
import type { World } from '../../phases/phase.ts';
import { KEEPALIVED_UNIT } from '../../phases/control-plane/keepalived.ts';
import { sharesAddress, withRole } from '../../phases/shared/topology.ts';
import { kubectl } from '../../resources/cluster/kube-api.ts';
import { forgetting } from '../../resources/cluster/node-record.ts';
import { notReady } from '../../resources/cluster/node-object.ts';
import { type ProcedureStep, running } from '../../run/procedure.ts';
import { UNITS } from './node-look.ts';
import { type DrainOptions, askedNodes, draining, knownNode } from './node-steps.ts';

export interface Removal extends Pick<DrainOptions, 'timeout'> {
  readonly node: string;
  /** The host is left as it is, as one that is dead. */
  readonly alone: boolean;
  /** Marks what is set aside. */
  readonly stamp: string;
}

/**
 * What is left to do until the host is no node and no member, by what is seen: a run that was cut short is finished by
 * the next. The member goes while it still runs, so that nobody counts on one that does not answer; the Node goes last,
 * or a kubelet that runs would make it anew. Pure.
 * @throws E_NODE_UNKNOWN, E_NODE_LAST_MASTER, E_ETCD_NO_QUORUM, E_UNREACHABLE, E_API_DOWN
 */
export function removeSteps(world: World, removal: Removal): ProcedureStep[] {
  const { node, alone, stamp, timeout } = removal;
  const host = hostIfNamed(world.inventory, node);
  const { at, nodes } = apiBeside(world, node);
  // A name alone may be an old one of a host that the inventory names otherwise.
  const member = host
    ? membersOf(world).find((one) => one.peerUrl === peerUrl(host))
    : strayMembers(world).find((one) => one.name === node);
  if (!member && !host) knownNode(nodes, node);
  if (host && !alone && !world.seen(node)) {
    throw new BootstrapError('E_UNREACHABLE', `${node} was not reached`, {
      hint: 'Nothing was changed. If it is gone for good, --force takes it out and leaves it as it is. Be sure that it is off: its pods run on otherwise, while others are made in their place and write to the same volumes.',
      where: { host: node },
    });
  }
  const known = nodes.get(node);
  const cleaned = host && !alone ? host : undefined;
  return [
    // Of a node that is not Ready no kubelet ends the pods; they go with the Node.
    ...(known && notReady(known) === undefined && !alone && runsKubelet(world, node)
      ? [draining(at, node, { timeout, force: false })]
      : []),
    ...(member ? [leaving(world, node, member)] : []),
    ...(cleaned ? stopping(world, cleaned, stamp) : []),
    ...(known
      ? [
          {
            id: 'node-delete',
            title: `delete the Node ${node}, and with it what its pods were`,
            hosts: [at.name],
            destroys: alone
              ? `${node} is no part of the cluster any more; if it is not off, its pods run on and write to their volumes beside those that replace them${takesVip(world, host)}`
              : `${node} is no part of the cluster any more`,
            does: running(
              `delete the Node ${node}`,
              `${kubectl} delete node ${sh`${node}`} --timeout=60s\n${forgetting(node)}`,
              90,
            ),
          },
        ]
      : []),
  ];
}

/** It hears the other masters no more, and takes itself for the only one. */
const takesVip = ({ inventory }: World, host: Host | undefined): string =>
  host && sharesAddress({ inventory }, host)
    ? `, and it may take ${inventory.apiServer.keepalived?.vip} from users whenever it runs: before it is in a network again, disable ${KEEPALIVED_UNIT} there`
    : '';

/** Of a host that is not looked at, the cluster's word counts. */
const runsKubelet = (world: World, node: string): boolean =>
  (world.seen(node)?.unit('kubelet.service')?.active ?? 'active') === 'active';

/** Asked and told at a master that stays. */
function apiBeside(world: World, node: string): ReturnType<typeof askedNodes> {
  const masters = withRole(world, 'master').filter(({ name }) => name !== node);
  const answers = ({ name }: Host): boolean => world.seen(name)?.object('/healthz')?.status === 200;
  const isMaster = hostIfNamed(world.inventory, node)?.roles.includes('master') === true;
  if (isMaster && !masters.some(answers)) {
    throw new BootstrapError(
      'E_NODE_LAST_MASTER',
      `without ${node} no master with a working API server is left`,
      {
        hint: `Nothing was changed. ${masters.length === 0 ? 'Give another host the role master and run up first.' : `Bring back ${masters.map(({ name }) => name).join(' or ')} first.`}`,
        where: { host: node },
      },
    );
  }
  const rest = { ...world.inventory, hosts: world.inventory.hosts.filter(({ name }) => name !== node) };
  return askedNodes({ ...world, inventory: rest });
}

/** @throws E_ETCD_NO_QUORUM where those that stay, and are well, would not be enough */
function leaving(world: World, node: string, member: EtcdMember): ProcedureStep {
  const staying = membersOf(world).filter(({ isLearner, id }) => !isLearner && id !== member.id);
  const urls = new Set(staying.map((one) => one.peerUrl));
  const others = withRole(world, 'etcd').filter((one) => urls.has(peerUrl(one)) && isHealthy(world, one));
  const voting = staying.length;
  const needed = Math.floor(voting / 2) + 1;
  const [donor] = others;
  if (!donor || others.length < needed) {
    throw new BootstrapError(
      'E_ETCD_NO_QUORUM',
      `without ${node}, of ${voting} ${voting === 1 ? 'member' : 'members'} of etcd ${needed} must be healthy, and ${others.length === 0 ? 'none is' : `only ${others.map(({ name }) => name).join(', ')} ${others.length === 1 ? 'is' : 'are'}`}`,
      {
        hint: 'Nothing was changed. Bring the others back first (k8s-bootstrap etcd status), or give another host the role etcd.',
        where: { host: node },
      },
    );
  }
  return memberRemoval(donor.name, node, member.id);
}

/** Nothing of ours runs on it any more, also after a boot, and it holds no key of the cluster. */
function stopping(world: World, host: Host, stamp: string): ProcedureStep[] {
  const { name } = host;
  const there = UNITS.filter((unit) => (world.seen(name)?.unit(unit)?.load ?? 'not-found') !== 'not-found');
  return [
    {
      id: 'node-stop',
      title: `stop what runs on ${name}, also at boot`,
      hosts: [name],
      does: {
        kind: 'steps',
        steps: () =>
          there.flatMap((unit) =>
            (['stop', 'disable'] as const).map((verb) => ({ op: 'unit', verb, unit }) as const),
          ),
      },
    },
    {
      id: 'node-containers',
      title: `end the containers of pods on ${name}`,
      hosts: [name],
      does: running(`end the containers of pods on ${name}`, withoutContainers, 60),
    },
    ...(host.roles.includes('etcd')
      ? [
          {
            id: 'etcd-set-aside',
            title: 'set aside what it has of the store',
            hosts: [name],
            does: { kind: 'steps', steps: () => [settingAside(world, host, stamp)] },
          } as const,
        ]
      : []),
    {
      id: 'node-keys',
      title: `take the keys of the cluster off ${name}`,
      hosts: [name],
      destroys: `${name} loses its keys and kubeconfigs; "up" makes them anew while the inventory names it`,
      does: running(`take the keys off ${name}`, withoutKeys(world)),
    },
  ];
}

/**
 * A kubelet that is stopped leaves its containers: those of DaemonSets, and of pods that were not drained, would write
 * on beside those that replace them. Both runtimes know which are Kubernetes' own.
 */
const withoutContainers = `of_docker() { if docker info > /dev/null 2>&1; then docker ps -q --filter label=io.kubernetes.pod.uid; fi; }
of_containerd() { ctr -n k8s.io tasks list 2> /dev/null | while read -r c _ state _; do if [ "$state" = RUNNING ]; then echo "$c"; fi; done; }
i=0
while left="$(of_docker) $(of_containerd)"; [ "$left" != ' ' ]; do
  [ $i -lt 20 ] || { echo "these containers do not end:" $left; exit 1; }
  for c in $(of_docker); do docker kill "$c" > /dev/null 2>&1 || true; done
  for c in $(of_containerd); do ctr -n k8s.io tasks kill -a -s KILL "$c" 2> /dev/null || true; done
  i=$((i + 1))
  sleep 1
done`;

const SECRETS = [
  paths.adminConf,
  paths.kubeletConf,
  paths.controllerManagerConf,
  paths.schedulerConf,
  paths.proxyConf,
  paths.tokens,
  paths.encryptionConfig,
  paths.keepalivedConfig,
];

/** By name, in folders that are root's alone; a link is taken away, not followed. */
const withoutKeys = ({ inventory }: World): string =>
  [
    `rm -f -- ${[...SECRETS, `${inventory.kubelet.rootDir ?? paths.kubelet}/config.json`].map(quote).join(' ')}`,
    ...[paths.pki, paths.etcdPki, `${paths.kubelet}/pki`].map(
      (folder) =>
        `[ ! -d ${quote(folder)} ] || find ${quote(folder)} -xdev \\( -name '*.key' -o -name '*.pem' \\) ! -type d -delete`,
    ),
    'sync',
  ].join('\n');
