import type { Host, Taint } from '../inventory/types.ts';
import { bytes } from '../resources/content.ts';
import { differences } from '../resources/object.ts';
import { type Change, type Resource, none } from '../resources/resource.ts';
import { podRanges } from './pod-ranges.ts';
import { apiHost, isReserved, nodes } from './cluster.ts';
import { nodePath } from './node-object.ts';
import type { Phase, World } from './phase.ts';
import { kubectl } from './rbac.ts';
import { sh } from '../kernel/quote.ts';

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
      nodeObject(host, labelsOf(host), taintsOf(world, host), ranges.get(host.name)),
    );
  },
};

/** Every node Ready: what a whole run is for. */
export const verifyPhase: Phase = {
  id: 'verify',
  title: 'Nodes are ready',
  batch: 'parallel',
  hosts: nodes,
  resources: () => [],
  gates: (world, host) =>
    apiHost(world).map(({ name: at }) => ({
      title: `node ${host.name} is Ready`,
      at,
      watches: [{ kind: 'object', key: nodePath(host) } as const],
      judge: (seen) => notReady(seen.object(nodePath(host))?.body),
      timeoutSeconds: 120,
      units: ['kubelet.service'],
    })),
};

interface NodeObject {
  readonly metadata?: { readonly labels?: Record<string, string> };
  readonly spec?: { readonly taints?: readonly NodeTaint[]; readonly podCIDR?: string };
  readonly status?: { readonly conditions?: readonly { type: string; status: string; message?: string }[] };
}

interface NodeTaint {
  readonly key: string;
  readonly value?: string;
  readonly effect: string;
}

function nodeObject(
  host: Host,
  labels: Record<string, string>,
  taints: readonly Taint[],
  podCIDR: string | undefined,
): Resource {
  const path = nodePath(host);
  return {
    id: `node:${host.name}`,
    title: `node ${host.name}`,
    watches: [{ kind: 'object', key: path }],
    diff(seen): Change {
      const answer = seen.object(path);
      if (answer?.status !== 200)
        return { kind: 'unknown', summary: 'labels and taints', waitsFor: 'the node to register' };
      const off = drift(answer.body as NodeObject, labels, taints, podCIDR);
      return off.length === 0 ? none('as wanted') : { kind: 'update', summary: off.join(', ') };
    },
    steps(_change, seen) {
      const now = (seen.object(path)?.body ?? {}) as NodeObject;
      const others = (now.spec?.taints ?? []).filter((taint) => !taints.some((own) => sameTaint(own, taint)));
      const spec = {
        ...(podCIDR !== undefined && now.spec?.podCIDR === undefined ? { podCIDR } : {}),
        ...(taints.length > 0 ? { taints: [...others, ...taints.map(asNodeTaint)] } : {}),
      };
      const patch = JSON.stringify({ metadata: { labels }, spec });
      return [
        {
          op: 'run',
          title: `label and taint node ${host.name}`,
          // kubectl 1.16 takes a patch as an argument only; there is no secret in it.
          script: `p=$(cat)\n${kubectl} patch node ${sh`${host.name}`} --type merge -p "$p"`,
          stdin: bytes(patch),
        },
      ];
    },
  };
}

/** What differs. A pod range that is set cannot be changed: the CNI configuration follows it instead. */
function drift(
  node: NodeObject,
  labels: Record<string, string>,
  taints: readonly Taint[],
  podCIDR: string | undefined,
): string[] {
  const missing = taints.filter((own) => !(node.spec?.taints ?? []).some((taint) => sameTaint(own, taint)));
  return [
    ...differences(labels, node.metadata?.labels ?? {}).map((label) => `label ${label}`),
    ...missing.map(({ key, effect }) => `taint ${key}:${effect}`),
    ...(podCIDR !== undefined && node.spec?.podCIDR === undefined ? [`pod range ${podCIDR}`] : []),
  ];
}

const sameTaint = (own: Taint, taint: NodeTaint): boolean =>
  own.key === taint.key && own.effect === taint.effect && own.value === (taint.value ?? '');

const asNodeTaint = ({ key, value, effect }: Taint): NodeTaint =>
  value === '' ? { key, effect } : { key, value, effect };

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

function notReady(body: unknown): string | undefined {
  const ready = (body as NodeObject | undefined)?.status?.conditions?.find(({ type }) => type === 'Ready');
  if (ready?.status === 'True') return undefined;
  return ready?.message ?? 'not registered';
}
