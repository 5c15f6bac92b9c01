import { type StepResult, type Words, causeOf, inWords } from '../causes.ts';
import { type ClaimSpec, nextOf, podName } from './claim-objects.ts';

/** What came of a claim. Plain data. */
export interface ClaimReport {
  readonly storageClass: string;
  /** Milliseconds until the claim was bound; `null` when it was not. */
  readonly bound: number | null;
  /** Name of the volume, and where it is: `192.0.2.9:/nfsdata/…`; `null` without one. */
  readonly volume: string | null;
  readonly folder: string | null;
  readonly pods: readonly PodReport[];
  readonly problems: readonly ClaimProblem[];
}

export interface PodReport {
  readonly node: string;
  /** Node whose file it read and deleted. */
  readonly reads: string;
  readonly result: 'ok' | 'failed';
  /** From its creation to its end, to the second; `null` when it did not end well. */
  readonly seconds: number | null;
}

export interface ClaimProblem {
  /** A node, or `claim`. */
  readonly where: string;
  readonly cause: string;
  readonly says: string;
  readonly remedy: string;
  /** Events and the like, a line each. */
  readonly said: string;
}

interface Item {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly creationTimestamp?: string };
  readonly status?: {
    readonly phase?: string;
    readonly containerStatuses?: readonly {
      readonly state?: { readonly terminated?: { readonly finishedAt?: string; readonly message?: string } };
    }[];
  };
  readonly spec?: { readonly nfs?: { readonly server: string; readonly path: string } };
  readonly reason?: string;
  readonly message?: string;
  readonly involvedObject?: { readonly kind: string; readonly name: string };
}

/** What the steps of `claimScript` tell. Pure. @param unready nodes that got no pod */
export function judgeClaim(
  steps: ReadonlyMap<string, StepResult>,
  spec: ClaimSpec,
  unready: readonly string[],
): ClaimReport {
  const items = itemsOf(steps.get('facts'));
  const bound = steps.get('bound');
  const volume = readJson(steps.get('volume')) as Item | undefined;
  const { nfs } = volume?.spec ?? {};
  const isBound = bound?.code === 0;
  const pods = isBound ? spec.nodes.map((node) => podReport(node, spec, items)) : [];
  return {
    storageClass: spec.provisioner.storageClass.name,
    bound: isBound ? bound.ms : null,
    volume: volume?.metadata.name ?? null,
    folder: nfs ? `${nfs.server}:${nfs.path}` : null,
    pods,
    problems: [
      ...unready.map((node) => problem('node', node, '', spec)),
      ...(isBound ? podProblems(steps, pods, spec, items) : claimProblems(steps, spec, items)),
      ...leftovers(steps, spec),
    ],
  };
}

function podReport(node: string, { nodes }: ClaimSpec, items: readonly Item[]): PodReport {
  const pod = items.find(({ kind, metadata }) => kind === 'Pod' && metadata.name === podName(nodes, node));
  const ok = pod?.status?.phase === 'Succeeded';
  const ended = pod?.status?.containerStatuses?.[0]?.state?.terminated?.finishedAt;
  const created = pod?.metadata.creationTimestamp;
  const known = ok && ended !== undefined && created !== undefined;
  return {
    node,
    reads: nextOf(nodes, node),
    result: ok ? 'ok' : 'failed',
    seconds: known ? Math.round((Date.parse(ended) - Date.parse(created)) / 1000) : null,
  };
}

/** A claim that was not made, or not bound: its own events, and those of the provisioner's pods, which say why. */
function claimProblems(
  steps: ReadonlyMap<string, StepResult>,
  spec: ClaimSpec,
  items: readonly Item[],
): ClaimProblem[] {
  const create = steps.get('create');
  if (create && create.code !== 0) return [problem('claim', 'claim', create.said, spec)];
  const { name } = spec.provisioner;
  const ofProvisioner = eventsOf(
    itemsOf(steps.get('provisioner')),
    (object) => object.kind === 'Pod' && object.name.startsWith(`${name}-`),
  );
  const own = eventsOf(items, (object) => object.kind === 'PersistentVolumeClaim');
  // A provisioner that cannot mount, or has no image, is the cause; that the claim waits is what follows.
  const mounted = problem('mount', 'claim', ofProvisioner, spec);
  if (mounted.cause !== 'unknown') return [{ ...mounted, said: `${own}\n${ofProvisioner}`.trim() }];
  return [{ ...problem('claim', 'claim', own, spec), said: `${own}\n${ofProvisioner}`.trim() }];
}

function podProblems(
  steps: ReadonlyMap<string, StepResult>,
  pods: readonly PodReport[],
  spec: ClaimSpec,
  items: readonly Item[],
): ClaimProblem[] {
  const create = steps.get('pods');
  if (create && create.code !== 0) return [problem('claim', 'claim', create.said, spec)];
  const failed = pods.filter(({ result }) => result === 'failed');
  return failed.flatMap(({ node, reads }) => {
    const name = podName(spec.nodes, node);
    const pod = items.find(({ kind, metadata }) => kind === 'Pod' && metadata.name === name);
    const last = pod?.status?.containerStatuses?.[0]?.state?.terminated?.message ?? '';
    // It waited for one that failed itself: that one is told of.
    if (last.includes('no file of') && failed.some((other) => other.node === reads && reads !== node))
      return [];
    const events = eventsOf(items, (object) => object.kind === 'Pod' && object.name === name);
    const said = `${events}\n${last}`.trim();
    const mounted = problem('mount', node, said, spec);
    if (mounted.cause !== 'unknown') return [mounted];
    const inside = problem('write', node, last, spec);
    return [inside.cause === 'unknown' ? problem('pod', node, said, spec) : { ...inside, said }];
  });
}

/** What could not be deleted. */
function leftovers(steps: ReadonlyMap<string, StepResult>, spec: ClaimSpec): ClaimProblem[] {
  const deleted = steps.get('deleted');
  const volume = steps.get('volume-left')?.said.trim() ?? '';
  const left = [
    ...(deleted && deleted.code !== 0 ? [`namespace ${spec.namespace}`] : []),
    ...(volume === '' ? [] : [volume]),
  ];
  if (left.length === 0) return [];
  return [problem('cleanup', 'claim', deleted?.said ?? '', spec, { left: left.join(', ') })];
}

function problem(step: string, where: string, said: string, spec: ClaimSpec, more: Words = {}): ClaimProblem {
  const { provisioner, image, namespace } = spec;
  const words = {
    host: where === 'claim' ? 'the provisioner' : where,
    server: provisioner.server,
    path: provisioner.export,
    class: provisioner.storageClass.name,
    namespace: provisioner.namespace,
    name: provisioner.name,
    check: namespace,
    image,
    ...more,
  };
  const { cause, says, remedy } = causeOf(step, { code: 1, said });
  return { where, cause, says: inWords(says, words), remedy: inWords(remedy, words), said };
}

/** `FailedMount: MountVolume.SetUp failed …`, a line for each event. */
const eventsOf = (
  items: readonly Item[],
  about: (object: NonNullable<Item['involvedObject']>) => boolean,
): string =>
  items
    .filter(({ kind, involvedObject }) => kind === 'Event' && involvedObject && about(involvedObject))
    .map(({ reason = '', message = '' }) => `${reason}: ${message.trim()}`)
    .join('\n');

const itemsOf = (result: StepResult | undefined): readonly Item[] =>
  (readJson(result) as { readonly items?: readonly Item[] } | undefined)?.items ?? [];

function readJson(result: StepResult | undefined): unknown {
  if (result?.code !== 0) return undefined;
  try {
    return JSON.parse(result.said);
  } catch {
    return undefined; // cut off
  }
}
