import { sh } from '../kernel/quote.ts';
import { bytes } from './content.ts';
import { NODES, type NodeObject, type NodeTaint, kubectl, nodesIn } from './kube-api.ts';
import { differences } from './object.ts';
import { type Change, type Resource, none } from './resource.ts';

/** A taint as it is wanted: no value is an empty one. */
export interface Taint {
  readonly key: string;
  readonly value: string;
  readonly effect: string;
}

export interface NodeSpec {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly Taint[];
  /** `undefined` leaves it to whoever gives out ranges. */
  readonly podCIDR: string | undefined;
}

/** Labels, taints and pod range of a node, in the API. */
export function nodeObject(spec: NodeSpec): Resource {
  const { name, labels, taints, podCIDR } = spec;
  return {
    id: `node:${name}`,
    title: `node ${name}`,
    watches: [{ kind: 'object', key: NODES }],
    diff(seen): Change {
      const node = nodesIn(seen)?.get(name);
      if (!node)
        return {
          kind: 'unknown',
          summary: 'labels and taints',
          waitsFor: 'the registration of the node',
          byItself: true,
        };
      const off = drift(node, spec);
      return off.length === 0 ? none('as wanted') : { kind: 'update', summary: off.join(', ') };
    },
    steps(_change, seen) {
      const now = nodesIn(seen)?.get(name) ?? {};
      const others = (now.spec?.taints ?? []).filter((taint) => !taints.some((own) => sameTaint(own, taint)));
      const spec = {
        ...(podCIDR !== undefined && now.spec?.podCIDR === undefined ? { podCIDR } : {}),
        ...(taints.length > 0 ? { taints: [...others, ...taints.map(asNodeTaint)] } : {}),
      };
      const patch = JSON.stringify({ metadata: { labels }, spec });
      return [
        {
          op: 'run',
          title: `label and taint node ${name}`,
          // kubectl 1.16 takes a patch as an argument only; there is no secret in it.
          script: `p=$(cat)\n${kubectl} patch node ${sh`${name}`} --type merge -p "$p"`,
          stdin: bytes(patch),
        },
      ];
    },
  };
}

/** What differs. A pod range that is set cannot be changed: the CNI configuration follows it instead. */
function drift(node: NodeObject, { labels, taints, podCIDR }: NodeSpec): string[] {
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

/** Why a node, as the API has it, is not ready; `undefined` when it is. */
export function notReady(node: NodeObject | undefined): string | undefined {
  const ready = node?.status?.conditions?.find(({ type }) => type === 'Ready');
  if (ready?.status === 'True') return undefined;
  return ready?.message ?? 'not registered';
}

/**
 * Whether a node is there but for its pod network. Kubelet lists all that is wrong, in brackets where it is more than
 * one thing: the network is then not all.
 */
export const lacksOnlyItsNetwork = (node: NodeObject | undefined): boolean =>
  /^runtime network not ready: /.test(notReady(node) ?? '');
