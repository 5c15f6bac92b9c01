import { quotable } from '../../kernel/quotable.ts';
import { sh } from '../../kernel/quote.ts';
import type { Observed, Watch } from '../../probe/observe.ts';
import { bytes } from '../content.ts';
import { NODES, type NodeObject, type NodeTaint, kubectl, nodesIn } from './kube-api.ts';
import { NODE_RECORD, recordOf, recordText, recordedWords, taintWord, writingDown } from './node-record.ts';
import { UNANSWERED, isAnswered } from './object.ts';
import { type Change, type Resource, none } from '../resource.ts';
import type { Step } from '../step.ts';

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

/**
 * Labels, taints and pod range of a node, in the API. What was set from here and is wanted no more is taken away; what
 * others have set stays.
 */
export function nodeObject(spec: NodeSpec): Resource {
  const { name } = spec;
  const entry = (): string => recordText([...Object.keys(spec.labels), ...spec.taints.map(taintWord)]);
  return {
    id: `node:${name}`,
    title: `node ${name}`,
    about: name,
    watches: WATCHES,
    diff(seen): Change {
      const node = nodesIn(seen)?.get(name);
      if (!node)
        return {
          kind: 'unknown',
          summary: 'labels and taints',
          waitsFor: 'the registration of the node',
          byItself: true,
        };
      if (!isAnswered(seen, NODE_RECORD)) return UNANSWERED;
      const off = told(drift(node, spec, seen));
      if (off.length > 0) return { kind: 'update', summary: off.join(', ') };
      return recordOf(seen, name) === entry()
        ? none('as wanted')
        : { kind: 'update', summary: 'what was set is written down' };
    },
    steps(_change, seen): Step[] {
      const node = nodesIn(seen)?.get(name);
      if (!node) return [];
      const wanted = entry();
      const recorded = recordOf(seen, name);
      // Before it is set, so that nothing of ours stays when a run is cut; forgotten when it is gone.
      const meanwhile = recordText([...recordedWords(recorded), ...recordedWords(wanted)]);
      const isThere = seen.object(NODE_RECORD)?.status === 200;
      const off = drift(node, spec, seen);
      return [
        ...(meanwhile === recorded ? [] : [writingDown(name, meanwhile, isThere)]),
        ...(told(off).length === 0 ? [] : [patching(node, off)]),
        ...(wanted === meanwhile ? [] : [writingDown(name, wanted, true)]),
      ];
    },
  };
}

const WATCHES: readonly Watch[] = [NODES, NODE_RECORD].map((key) => ({ kind: 'object', key }));

/** A label or taint by its word: the value that there is, and the one that there is to be; `undefined` is none. */
interface Off {
  readonly word: string;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

interface Drift {
  readonly labels: readonly Off[];
  readonly taints: readonly Off[];
  readonly podCIDR: string | undefined;
}

/** What differs. A pod range that is set cannot be changed: the CNI configuration follows it instead. */
function drift(node: NodeObject, { name, labels, taints, podCIDR }: NodeSpec, seen: Observed): Drift {
  const recorded = recordedWords(recordOf(seen, name));
  const differing = (wanted: ReadonlyMap<string, string>, there: ReadonlyMap<string, string>): Off[] =>
    [...wanted.keys(), ...recorded.filter((word) => there.has(word) && !wanted.has(word))]
      .map((word) => ({ word, before: there.get(word), after: wanted.get(word) }))
      .filter(({ before, after }) => before !== after);
  return {
    labels: differing(new Map(Object.entries(labels)), new Map(Object.entries(node.metadata.labels ?? {}))),
    taints: differing(valuesOf(taints), valuesOf(node.spec?.taints ?? [])),
    podCIDR: node.spec?.podCIDR === undefined ? podCIDR : undefined,
  };
}

/** Taints are told apart by key and effect. */
const valuesOf = (taints: readonly NodeTaint[]): Map<string, string> =>
  new Map(taints.map((taint) => [taintWord(taint), taint.value ?? '']));

const told = ({ labels, taints, podCIDR }: Drift): string[] => [
  ...labels.map((off) => `label ${changeOf(off)}`),
  ...taints.map((off) => `taint ${changeOf(off)}`),
  ...(podCIDR === undefined ? [] : [`pod range ${podCIDR}`]),
];

/** `disk=ssd`, `disk=ssd → hdd`, `disk=ssd: taken away`; of a taint `dedicated=db → web:NoSchedule`. */
function changeOf({ word, before, after }: Off): string {
  const [key = '', effect] = word.split(':');
  const end = effect === undefined ? '' : `:${effect}`;
  const one = (value: string): string => `${key}${value === '' ? '' : `=${value}`}${end}`;
  if (after === undefined) return `${one(before ?? '')}: taken away`;
  return before === undefined ? one(after) : `${key}=${before || '""'} → ${after || '""'}${end}`;
}

/** All taints of a node are one list to the API: those of others are sent as they were seen. */
function patching({ metadata: { name }, spec = {} }: NodeObject, { labels, taints, podCIDR }: Drift): Step {
  const words = new Set(taints.map(({ word }) => word));
  const others = (spec.taints ?? []).filter((taint) => !words.has(taintWord(taint)));
  const patch = {
    metadata: { labels: Object.fromEntries(labels.map(({ word, after = null }) => [word, after])) },
    spec: {
      ...(podCIDR === undefined ? {} : { podCIDR }),
      ...(taints.length === 0 ? {} : { taints: [...others, ...taints.flatMap(asNodeTaint)] }),
    },
  };
  return {
    op: 'run',
    title: `label and taint node ${name}`,
    // kubectl 1.16 takes a patch as an argument only; there is no secret in it.
    script: `p=$(cat)\n${kubectl} patch node ${sh`${name}`} --type merge -p "$p"`,
    stdin: bytes(JSON.stringify(patch)),
  };
}

function asNodeTaint({ word, after }: Off): NodeTaint[] {
  const [key = '', effect = ''] = word.split(':');
  if (after === undefined) return [];
  return [after === '' ? { key, effect } : { key, value: after, effect }];
}

/** Why a node, as the API has it, is not ready; `undefined` when it is. */
export function notReady(node: NodeObject | undefined): string | undefined {
  const ready = node?.status?.conditions?.find(({ type }) => type === 'Ready');
  if (ready?.status === 'True') return undefined;
  return ready?.message ?? 'not registered';
}

/** What presses on a node, or keeps it from its network: conditions that should not be, the first few. */
export const pressures = (node: NodeObject | undefined): string[] =>
  (node?.status?.conditions ?? [])
    .filter(({ type, status }) => type !== 'Ready' && status === 'True')
    .slice(0, MOST_CONDITIONS)
    .map(({ type, message = '' }) => quotable(message === '' ? type : `${type} (${message})`));

/** kubelet sets four, others may add theirs. */
const MOST_CONDITIONS = 8;

/**
 * Whether a node is there but for its pod network. Kubelet lists all that is wrong, in brackets where it is more than
 * one thing: the network is then not all.
 */
export const lacksOnlyItsNetwork = (node: NodeObject | undefined): boolean =>
  /^runtime network not ready: /.test(notReady(node) ?? '');
