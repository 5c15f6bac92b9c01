import * as z from 'zod';
import type { ClaimProblem, NfsClaim, PodCheck } from '../../../answers/nfs.ts';
import { groupBy } from '../../../kernel/group-by.ts';
import { isMapping } from '../../../kernel/mapping.ts';
import { ONCE } from '../../../kernel/once.ts';
import { type StepResult, type Words, causeOf, inWords } from '../causes.ts';
import { type Noticed, toldOnce } from '../told-once.ts';
import { type ClaimSpec, nextOf, podName } from './claim-objects.ts';

/** What came of a claim. */
export type ClaimReport = Omit<NfsClaim, 'check' | 'well' | 'left'>;

/** Stands for a node where the claim itself has a problem. */
const CLAIM = 'claim';

const text = z.string().optional();

/** What is looked at of a claim, a pod, an event and a volume; what has another form is none of them. */
const itemSchema = z.object({
  kind: z.string(),
  metadata: z.object({ name: z.string(), creationTimestamp: text }).default({ name: '' }),
  status: z
    .object({
      phase: text,
      containerStatuses: z
        .array(
          z.object({
            state: z
              .object({ terminated: z.object({ finishedAt: text, message: text }).optional() })
              .optional(),
          }),
        )
        .optional(),
    })
    .optional(),
  spec: z.object({ nfs: z.object({ server: z.string(), path: z.string() }).optional() }).optional(),
  reason: text,
  message: text,
  /** How often an event came, if more than once. */
  count: z.number().optional(),
  involvedObject: z.object({ kind: z.string(), name: z.string() }).optional(),
});

type Item = z.infer<typeof itemSchema>;

/** What the steps of `claimScript` tell. Pure. @param unready nodes that got no pod */
export function judgeClaim(
  steps: ReadonlyMap<string, StepResult>,
  spec: ClaimSpec,
  unready: readonly string[],
): ClaimReport {
  const items = itemsOf(steps.get('facts'));
  const bound = steps.get('bound');
  const volume = itemSchema.safeParse(readJson(steps.get('volume')), ONCE).data;
  const { nfs } = volume?.spec ?? {};
  const isBound = bound?.code === 0;
  const pods = isBound ? spec.nodes.map((node) => podReport(node, spec, items)) : [];
  const problems = [
    ...unready.map((node) => problem('node', node, '', spec)),
    ...(isBound ? podProblems(steps, pods, spec, items) : claimProblems(steps, spec, items)),
    ...leftovers(steps, spec),
  ];
  return {
    storageClass: spec.provisioner.storageClass.name,
    bound: isBound ? bound.ms : null,
    volume: volume?.metadata.name ?? null,
    folder: nfs ? `${nfs.server}:${nfs.path}` : null,
    pods,
    problems: problems.map(told),
    causes: toldOnce(problems),
  };
}

function podReport(node: string, { nodes }: ClaimSpec, items: readonly Item[]): PodCheck {
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
): Noticed[] {
  const create = steps.get('create');
  if (create && create.code !== 0) return [problem('claim', CLAIM, create.said, spec)];
  const { name } = spec.provisioner;
  const ofProvisioner = eventsOf(
    itemsOf(steps.get('provisioner')),
    (object) => object.kind === 'Pod' && object.name.startsWith(`${name}-`),
  );
  const own = eventsOf(items, (object) => object.kind === 'PersistentVolumeClaim');
  // A provisioner that cannot mount, or has no image, is the cause; that the claim waits is what follows.
  const mounted = problem('mount', CLAIM, ofProvisioner, spec);
  if (mounted.cause !== 'unknown') return [{ ...mounted, said: `${own}\n${ofProvisioner}`.trim() }];
  return [{ ...problem('claim', CLAIM, own, spec), said: `${own}\n${ofProvisioner}`.trim() }];
}

function podProblems(
  steps: ReadonlyMap<string, StepResult>,
  pods: readonly PodCheck[],
  spec: ClaimSpec,
  items: readonly Item[],
): Noticed[] {
  const create = steps.get('pods');
  if (create && create.code !== 0) return [problem('claim', CLAIM, create.said, spec)];
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
function leftovers(steps: ReadonlyMap<string, StepResult>, spec: ClaimSpec): Noticed[] {
  const deleted = steps.get('deleted');
  const volume = steps.get('volume-left')?.said.trim() ?? '';
  const left = [
    ...(deleted && deleted.code !== 0 ? [`namespace ${spec.namespace}`] : []),
    ...(volume === '' ? [] : [volume]),
  ];
  if (left.length === 0) return [];
  return [problem('cleanup', CLAIM, deleted?.said ?? '', spec, { left: left.join(', ') })];
}

function problem(step: string, host: string, said: string, spec: ClaimSpec, more: Words = {}): Noticed {
  const { provisioner, image, namespace } = spec;
  const words = {
    host: host === CLAIM ? 'the provisioner' : host,
    server: provisioner.server,
    path: provisioner.export,
    class: provisioner.storageClass.name,
    namespace: provisioner.namespace,
    name: provisioner.name,
    check: namespace,
    image,
    ...more,
  };
  return { ...causeOf(step, { code: 1, said }), host, path: null, said, words };
}

/** With the words of the cause filled in. */
const told = ({ host, cause, says, remedy, said, words }: Noticed): ClaimProblem => ({
  where: host,
  cause,
  says: inWords(says, words),
  remedy: inWords(remedy, words),
  said,
});

/** `FailedMount (6 times): MountVolume.SetUp failed …`, a line for each event; those that say the same are one. */
function eventsOf(
  items: readonly Item[],
  about: (object: NonNullable<Item['involvedObject']>) => boolean,
): string {
  const events = items.filter(
    ({ kind, involvedObject }) => kind === 'Event' && involvedObject && about(involvedObject),
  );
  const alike = groupBy(events, ({ reason, message = '' }) => `${reason} ${withoutNumbers(message.trim())}`);
  return [...alike.values()]
    .map((ones) => {
      const [{ reason = '', message = '' } = {}] = ones;
      const times = ones.reduce((sum, { count = 1 }) => sum + count, 0);
      return `${reason}${times === 1 ? '' : ` (${times} times)`}: ${message.trim()}`;
    })
    .join('\n');
}

/** Each attempt to mount has a scope of systemd of its own, and each pod an id. */
const withoutNumbers = (message: string): string =>
  message.replaceAll(/\brun-\w+\.scope\b|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, '');

function itemsOf(result: StepResult | undefined): readonly Item[] {
  const read = readJson(result);
  const items = isMapping(read) ? read['items'] : undefined;
  return Array.isArray(items) ? items.flatMap((item) => itemSchema.safeParse(item, ONCE).data ?? []) : [];
}

function readJson(result: StepResult | undefined): unknown {
  if (result?.code !== 0) return undefined;
  try {
    return JSON.parse(result.said);
  } catch {
    return undefined; // cut off
  }
}
