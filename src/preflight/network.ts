import { isIPv4 } from 'node:net';
import { contains, overlaps, parseCidr } from '../kernel/cidr.ts';
import { COMPONENTS } from '../kernel/components.ts';
import { ports } from '../kernel/host-paths.ts';
import { oncePer } from '../kernel/once-per.ts';
import type { Host, Inventory } from '../inventory/types.ts';
import type { World } from '../phases/phase.ts';
import { balancesLocally, isNode, nodes, sharesAddress } from '../phases/shared/topology.ts';
import type { HostFacts, Listener } from '../facts/facts.ts';
import { openPorts } from '../phases/host/firewall.ts';
import { FLANNEL_LINK } from '../resources/network/flannel.ts';
import { FIREWALLD_ANSWER } from '../resources/network/firewall.ts';
import { cannotBeAsked } from '../resources/network/firewalld.ts';
import { type Check, type Result, type Subject, error, fixedByUp, warn } from './check.ts';

/** Addresses, ports and routes. */
export const networkChecks: readonly Check[] = [
  {
    id: 'address',
    title: 'the host has its address',
    check({ world, host, facts: { addresses } }) {
      if (addresses.length === 0 || addresses.some(({ ip }) => ip === host.ip)) return [];
      // flannel looks for its interface by this address, and ends when it finds none.
      const needed = world.inventory.network.cni === 'flannel' && isNode(host);
      return (needed ? error : warn)(
        `${host.ip} is on none of its interfaces (${addresses.map(({ ip }) => ip).join(', ')})`,
        'Set the host\'s "ip" to the address by which the other hosts reach it.',
      );
    },
  },
  {
    id: 'default-route',
    title: 'there is a default route',
    check: ({ host, facts: { defaultInterface, unanswered } }) =>
      isNode(host) && defaultInterface === undefined && !unanswered.includes('ip')
        ? warn('has no default route', 'Without one the node itself reaches no service; any gateway will do.')
        : [],
  },
  { id: 'ports', title: 'the ports of its roles are free', check: portsInUse },
  {
    id: 'firewalld',
    title: 'firewalld lets the cluster through',
    check({ world, host, facts: { firewalld }, seen }) {
      if (!firewalld) return [];
      switch (world.inventory.os.firewall) {
        case 'open-ports':
          return cannotBeAsked(seen.answer(FIREWALLD_ANSWER)?.output ?? '')
            ? error(
                'firewalld runs and cannot be asked: dbus-send is missing',
                'Install it (package dbus-tools, on CentOS 7 dbus), or set os.firewall to disable or ignore.',
              )
            : [];
        case 'disable':
          return fixedByUp('firewalld runs');
        case 'ignore':
          return warn(
            'firewalld runs, and os.firewall is "ignore"',
            `Open ${openPorts(world, host).join(' ')} yourself.`,
          );
      }
    },
  },
  { id: 'ranges', title: 'pod and service ranges are nobody else’s', check: rangesInUse },
  { id: 'neighbours', title: 'nodes reach each other without a router', check: neighbours },
];

/** As the kernel cuts them, at 15 characters. */
const OURS: readonly string[] = [...COMPONENTS, 'flanneld'].map((name) => name.slice(0, 15));
const OUR_INTERFACES = /^(?:cni0|docker0|kube-ipvs0|veth.*)$/;

function portsInUse({ world, host, facts }: Subject): Result[] {
  const wanted = [
    ...(host.roles.includes('master')
      ? [world.inventory.apiServer.port, ports.controllerManager, ports.scheduler]
      : []),
    ...(host.roles.includes('etcd') ? [ports.etcdClient, ports.etcdPeer] : []),
    ...(isNode(host)
      ? [ports.kubelet, ports.kubeletHealth, ports.kubeProxyMetrics, ports.kubeProxyHealth]
      : []),
    ...(isNode(host) && balancesLocally(world) ? [ports.balancer] : []),
    ...(isNode(host) && world.inventory.network.cni === 'flannel' ? [ports.flanneldHealth] : []),
  ];
  const isOurs = ({ process, port }: Listener): boolean =>
    facts.cluster !== undefined &&
    (OURS.includes(process) || (process === 'haproxy' && port === ports.balancer));
  const onAll = (port: number): boolean =>
    port === world.inventory.apiServer.port && sharesAddress(world, host);
  const inTheWay = ({ address, port }: Listener): boolean =>
    address === '*' ||
    address === host.ip ||
    address.startsWith('127.') ||
    // Whoever listens on all addresses needs the port on each.
    (onAll(port) && isIPv4(address));
  const taken = facts.listening.filter((one) => wanted.includes(one.port) && inTheWay(one) && !isOurs(one));
  const users = new Map(taken.map(({ port, process }) => [port, process || 'something']));
  return [...users].flatMap(([port, process]) =>
    error(
      `port ${port} is in use by ${process}`,
      `See "ss -ltnp sport = :${port}" on the host, and stop it or move it.`,
    ),
  );
}

function rangesInUse({ world, facts }: Subject): Result[] {
  const { podCIDR, serviceCIDR } = world.inventory.network;
  const foreign = foreignNetworks(facts);
  const { routes, addresses } =
    facts.cluster?.name === world.inventory.name ? withoutPods(world, foreign) : foreign;
  return (
    [
      ['network.podCIDR', podCIDR],
      ['network.serviceCIDR', serviceCIDR],
    ] as const
  ).flatMap(([field, cidr]) => {
    const range = parseCidr(cidr);
    const route = routes.find(({ to }) => overlaps(parseCidr(to), range));
    const address = addresses.find(({ ip }) => contains(range, ip));
    const use = route ? `the route to ${route.to}` : address && `the address ${address.ip}`;
    if (use === undefined) return [];
    return error(`${use} lies in ${field} ${cidr}`, `Choose a ${field} that the hosts' networks do not use.`);
  });
}

/**
 * On nodes of the cluster. With `none` the users' own pod network lives there: whatever its links are called, its range
 * is ours. Otherwise ways to pods are ours when they lead to a node, or where flannel's go.
 */
function withoutPods(world: World, networks: Networks): Networks {
  const { cni, podCIDR } = world.inventory.network;
  if (cni === 'none') return outside(podCIDR, networks);
  const ips = nodeAddresses(world);
  return {
    routes: networks.routes.filter(({ via, dev }) => dev !== FLANNEL_LINK && !(via && ips.has(via))),
    addresses: networks.addresses.filter(({ interface: name }) => name !== FLANNEL_LINK),
  };
}

const nodeAddresses = oncePer(
  (world: World): ReadonlySet<string> => new Set(nodes(world).map(({ ip }) => ip)),
);

function outside(cidr: string, { routes, addresses }: Networks): Networks {
  const range = parseCidr(cidr);
  const within = (to: string): boolean => {
    const { first, last } = parseCidr(to);
    return first >= range.first && last <= range.last;
  };
  return {
    routes: routes.filter(({ to }) => !within(to)),
    addresses: addresses.filter(({ ip }) => !contains(range, ip)),
  };
}

type Networks = Pick<HostFacts, 'routes' | 'addresses'>;

/** Networks in which a host is for itself: without the default route and what a cluster of ours made. */
export const foreignNetworks = ({ routes, addresses }: HostFacts): Networks => ({
  routes: routes.filter(({ to, dev }) => to !== '0.0.0.0/0' && !OUR_INTERFACES.test(dev ?? '')),
  addresses: addresses.filter(({ interface: name }) => !OUR_INTERFACES.test(name)),
});

/** Packets for a pod are sent straight to its node, but by vxlan: a router between would not know where to. */
function neighbours({ world, host, facts }: Subject): Result[] {
  const own = facts.addresses.find(({ ip }) => ip === host.ip);
  const { cni, flannel } = world.inventory.network;
  const straight = cni === 'bridge' || (cni === 'flannel' && flannel?.backend === 'host-gw');
  if (!straight || !isNode(host) || !own) return [];
  const far = nodesBeyond(world, own.ip, own.prefix);
  if (far.length === 0) return [];
  return error(
    `${own.ip}/${own.prefix} is not in one network with ${far
      .slice(0, 10)
      .map(({ name, ip }) => `${name} (${ip})`)
      .join(', ')}`,
    'Use network.cni: flannel with its backend vxlan, which crosses routers.',
  );
}

/** Nodes outside of the network in which an address lies. Most hosts lie in the same: each is sorted out once. */
function nodesBeyond(world: World, ip: string, prefix: number): readonly Host[] {
  const known = beyond(world.inventory);
  const network = networkOf(ip, prefix);
  const key = `${network}/${prefix}`;
  const far = known.get(key) ?? nodes(world).filter((node) => networkOf(node.ip, prefix) !== network);
  known.set(key, far);
  return far;
}

const beyond = oncePer<Inventory, Map<string, readonly Host[]>>(() => new Map());

const networkOf = (ip: string, prefix: number): number =>
  Math.floor(ip.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0) / 2 ** (32 - prefix));
