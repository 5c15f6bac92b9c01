import type { Host, Inventory } from '../../inventory/types.ts';
import { BootstrapError } from '../../kernel/errors.ts';
import { paths } from '../../kernel/host-paths.ts';
import { quote, sh } from '../../kernel/quote.ts';
import { memberRemoval } from '../etcd/member-removal.ts';
import { type EtcdMember, isHealthy, membersOf, peerUrl } from '../../phases/etcd/members.ts';
import { settingAside } from '../../phases/etcd/set-aside.ts';
import type { World } from '../../phases/phase.ts';
import { withRole } from '../../phases/shared/topology.ts';
import { kubectl } from '../../resources/kube-api.ts';
import { type ProcedureStep, running } from '../../run/procedure.ts';
import { UNITS } from './node-look.ts';
import { type DrainOptions, askedNodes, draining, isReady, knownNode } from './node-steps.ts';

export interface Removal extends Pick<DrainOptions, 'timeout'> {
  readonly node: string;
  /** The host is left as it is, as one that is dead. */
  readonly alone: boolean;
  /** Marks what is set aside. */
  readonly stamp: string;
}

export const inventoryHost = ({ hosts }: Inventory, name: string): Host | undefined =>
  hosts.find((host) => host.name === name);

/**
 * What is left to do until the host is no node and no member, by what is seen: a run that was cut short is finished by
 * the next. The member goes while it still runs, so that nobody counts on one that does not answer; the Node goes last,
 * or a kubelet that runs would make it anew. Pure.
 * @throws E_NODE_UNKNOWN, E_NODE_LAST_MASTER, E_ETCD_NO_QUORUM, E_UNREACHABLE, E_API_DOWN
 */
export function removeSteps(world: World, removal: Removal): ProcedureStep[] {
  const { node, alone, stamp, timeout } = removal;
  const host = inventoryHost(world.inventory, node);
  const { at, nodes } = apiBeside(world, node);
  const member = membersOf(world).find((one) => (host ? one.peerUrl === peerUrl(host) : one.name === node));
  if (!member && !host) knownNode(nodes, node);
  if (host && !alone && !world.seen(node)) {
    throw new BootstrapError('E_UNREACHABLE', `${node} was not reached`, {
      hint: 'Nothing was changed. If it is gone for good, --force takes it out and leaves it as it is.',
      where: { host: node },
    });
  }
  const known = nodes.get(node);
  const cleaned = host && !alone ? host : undefined;
  return [
    // Of a node that is not Ready no kubelet ends the pods; they go with the Node.
    ...(known && isReady(known) && !alone ? [draining(at, node, { timeout, force: false })] : []),
    ...(member ? [leaving(world, node, member)] : []),
    ...(cleaned ? stopping(world, cleaned, stamp) : []),
    ...(known
      ? [
          {
            id: 'node-delete',
            title: `delete the Node ${node}, and with it what its pods were`,
            hosts: [at.name],
            destroys: `${node} is no part of the cluster any more`,
            does: running(
              `delete the Node ${node}`,
              `${kubectl} delete node ${sh`${node}`} --timeout=60s`,
              90,
            ),
          },
        ]
      : []),
  ];
}

/** Asked and told at a master that stays. */
function apiBeside(world: World, node: string): ReturnType<typeof askedNodes> {
  const masters = withRole(world, 'master').filter(({ name }) => name !== node);
  const answers = ({ name }: Host): boolean => world.seen(name)?.object('/healthz')?.status === 200;
  const isMaster = inventoryHost(world.inventory, node)?.roles.includes('master') === true;
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
  const others = withRole(world, 'etcd').filter((one) => one.name !== node && isHealthy(world, one));
  const voting = membersOf(world).filter(({ isLearner, id }) => !isLearner && id !== member.id).length;
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
      does: running(`take the keys off ${name}`, withoutKeys),
    },
  ];
}

const KUBECONFIGS = [
  paths.adminConf,
  paths.kubeletConf,
  paths.controllerManagerConf,
  paths.schedulerConf,
  paths.proxyConf,
  paths.tokens,
  paths.encryptionConfig,
];

/** By name, in folders that are root's alone; a link is taken away, not followed. */
const withoutKeys = [
  `rm -f -- ${KUBECONFIGS.map(quote).join(' ')}`,
  ...[paths.pki, paths.etcdPki].map(
    (folder) => `[ ! -d ${quote(folder)} ] || find ${quote(folder)} -xdev -name '*.key' ! -type d -delete`,
  ),
  'sync',
].join('\n');
