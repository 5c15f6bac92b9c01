import type { Host, Taint } from '../../inventory/types.ts';
import { quote, sh } from '../../kernel/quote.ts';
import { podRanges } from '../network/pod-ranges.ts';
import { apiHost, isReserved, nodes } from '../shared/topology.ts';
import type { Phase, World } from '../phase.ts';
import { NODES, kubectl, nodesIn } from '../../resources/cluster/kube-api.ts';
import { lacksOnlyItsNetwork, nodeObject, notReady } from '../../resources/cluster/node-object.ts';

/** Labels, taints and pod range of every node, through the API: kubelet may not set most of them itself. */
export const nodesPhase: Phase = {
  id: 'nodes',
  title: 'Node labels and taints',
  batch: 'parallel',
  hosts: apiHost,
  resources(world) {
    const ranges = podRanges(world);
    // A host that was not reached may never have registered; the others do not wait for it.
    const reached = nodes(world).filter(({ name }) => world.seen(name) !== undefined);
    return reached.map((host) =>
      nodeObject({
        name: host.name,
        labels: labelsOf(host),
        taints: taintsOf(world, host),
        podCIDR: ranges.get(host.name),
      }),
    );
  },
};

/**
 * Every node Ready: what a whole run is for. With `cni: none` pods have no network before the user has installed one,
 * which takes a cluster: until then a node that has registered is all that can be.
 */
export const verifyPhase: Phase = {
  id: 'verify',
  title: 'Nodes are ready',
  batch: 'parallel',
  hosts: nodes,
  resources: () => [],
  gates: (world, host) =>
    apiHost(world).map(({ name: at }) => ({
      title: `node ${host.name} is ${bringsItsNetwork(world) ? 'Ready' : 'registered'}`,
      at,
      watches: [{ kind: 'object', key: NODES } as const],
      judge: (seen) => {
        const node = nodesIn(seen)?.get(host.name);
        return !bringsItsNetwork(world) && lacksOnlyItsNetwork(node) ? undefined : notReady(node);
      },
      condition: conditionOf(world, host),
      timeoutSeconds: 120,
      units: ['kubelet.service'],
    })),
};

/** Messages of a node that lacks its network alone begin with it: see `lacksOnlyItsNetwork`. */
function conditionOf(world: World, { name }: Host): string {
  const ready = `${kubectl} ${sh`get node ${name} -o ${'jsonpath={range .status.conditions[?(@.type=="Ready")]}{.status} {.message}{end}'}`}`;
  return `${ready} | grep -Eq ${quote(bringsItsNetwork(world) ? '^True' : '^True|^False runtime network not ready: ')}`;
}

/** Nodes that wait for a pod network which somebody has yet to install. */
export const withoutNetwork = (world: World): readonly Host[] =>
  bringsItsNetwork(world)
    ? []
    : nodes(world).filter(({ name }) =>
        apiHost(world).some((at) => lacksOnlyItsNetwork(nodesIn(world.seen(at.name))?.get(name))),
      );

const bringsItsNetwork = ({ inventory }: World): boolean => inventory.network.cni !== 'none';

const labelsOf = (host: Host): Record<string, string> => ({
  ...Object.fromEntries(
    (['master', 'worker'] as const)
      .filter((role) => host.roles.includes(role))
      .map((role) => [`node-role.kubernetes.io/${role}`, '']),
  ),
  ...host.labels,
});

const taintsOf = (world: World, host: Host): Taint[] => [
  ...(isReserved(world, host)
    ? [{ key: 'node-role.kubernetes.io/master', value: '', effect: 'NoSchedule' } as const]
    : []),
  ...host.taints,
];
