import { randomBytes } from 'node:crypto';
import * as z from 'zod';
import type { Inventory, NfsProvisioner } from '../../inventory/types.ts';
import { paths } from '../../kernel/host-paths.ts';
import { ONCE } from '../../kernel/once.ts';
import { quote, sh } from '../../kernel/quote.ts';
import { PROVISIONER_DEPLOYMENTS } from '../../phases/nfs/provisioner-objects.ts';
import { kubectl } from '../../resources/cluster/kube-api.ts';
import { type Fleet, alive, runOn } from '../../run/fleet.ts';
import type { StepResult } from './causes.ts';
import { prelude, readFrames } from './frames.ts';

const deployment = z.object({
  metadata: z.object({ name: z.string(), namespace: z.string() }),
  status: z.object({ readyReplicas: z.number().optional() }).optional(),
});
const condition = z.object({
  type: z.string(),
  status: z.string(),
  reason: z.string().optional(),
  message: z.string().optional(),
});
const waiting = z.object({ reason: z.string().optional(), message: z.string().optional() });
const container = z.object({
  ready: z.boolean(),
  state: z.object({ waiting: waiting.optional() }).optional(),
});
const pods = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string() }),
      spec: z.object({ nodeName: z.string().optional() }),
      status: z.object({
        conditions: z.array(condition).optional(),
        containerStatuses: z.array(container).optional(),
      }),
    }),
  ),
});
const events = z.object({
  items: z.array(
    z.object({
      involvedObject: z.object({ kind: z.string().optional(), name: z.string().optional() }),
      reason: z.string().nullish(),
      message: z.string().nullish(),
      lastTimestamp: z.string().nullish(),
    }),
  ),
});

type Pod = z.infer<typeof pods>['items'][number];
type Wanted = Pick<NfsProvisioner, 'name' | 'namespace'>;

/** Asks a master for the Deployment, and for what tells why a pod of it waits. Nothing where there is no cluster. */
export const provisionerScript = (nonce: string, { name, namespace }: Wanted): string =>
  [
    prelude(nonce),
    sh`[ -e ${paths.adminConf} ] || exit 0`,
    `K=${quote(`${kubectl} --request-timeout=10s`)}`,
    sh`step deployment 15 $K -n ${namespace} get deployment ${name} -o json || exit 0`,
    sh`step pods 15 $K -n ${namespace} get pods -l ${`app=${name}`} -o json`,
    sh`step events 15 $K -n ${namespace} get events -o json`,
  ].join('\n');

/**
 * Why the provisioner is not ready, as a sentence; `undefined` when it is, or where there is no cluster.
 * The first master whose API answers is asked.
 */
export async function provisionerWaits(inventory: Inventory, fleet: Fleet): Promise<string | undefined> {
  const provisioner = inventory.nfs?.provisioner;
  if (!provisioner) return undefined;
  const masters = inventory.hosts.filter(({ roles }) => roles.includes('master')).map(({ name }) => name);
  let unknown: string | undefined;
  for (const member of alive(fleet).filter(({ name }) => masters.includes(name))) {
    const nonce = randomBytes(16).toString('hex');
    const script = provisionerScript(nonce, provisioner);
    // A question that comes last ends no run.
    const answer = await runOn(fleet, member, { script, timeoutMs: 60_000 }).catch(() => undefined);
    const steps = readFrames(nonce, answer?.stdout ?? Buffer.alloc(0));
    const found = steps.get('deployment');
    if (found?.code === 0 || found?.said.includes('NotFound')) return judgeProvisioner(steps, provisioner);
    if (found || !answer) {
      unknown = 'whether the NFS provisioner is ready is not known: no API server answers';
    }
  }
  return unknown;
}

/** As `provisionerWaits`, where all was looked at before: only a provisioner that is not ready is asked about again. */
export async function provisionerStillWaits(inventory: Inventory, fleet: Fleet): Promise<string | undefined> {
  const provisioner = inventory.nfs?.provisioner;
  const seen = alive(fleet)
    .map((member) => member.seen?.object(PROVISIONER_DEPLOYMENTS))
    .find((answer) => answer?.status === 200);
  if (!provisioner || !seen) return undefined;
  const list = z.object({ items: z.array(deployment).nullish() }).safeParse(seen.body, ONCE).data;
  const own = list?.items?.find(
    ({ metadata }) => metadata.name === provisioner.name && metadata.namespace === provisioner.namespace,
  );
  // One that is not there at all is a change that is due.
  return !own || isReady(own) ? undefined : provisionerWaits(inventory, fleet);
}

const isReady = ({ status }: z.infer<typeof deployment>): boolean => (status?.readyReplicas ?? 0) > 0;

/** Pure. */
export function judgeProvisioner(
  steps: ReadonlyMap<string, StepResult>,
  { name, namespace }: Wanted,
): string | undefined {
  const own = read(deployment, steps.get('deployment'));
  if (own && isReady(own)) return undefined;
  if (!own) return `the NFS provisioner is not ready: there is no Deployment ${namespace}/${name}`;
  const [first] = (read(pods, steps.get('pods'))?.items ?? []).filter(({ status }) => !isUp(status));
  if (!first) return `the NFS provisioner is not ready: Deployment ${namespace}/${name} has no pod yet`;
  const { metadata, spec } = first;
  const where = spec.nodeName === undefined ? '' : ` on ${spec.nodeName}`;
  const last = lastEvent(read(events, steps.get('events'))?.items ?? [], metadata.name);
  const why = [stateOf(first), last].filter((one) => one !== '').join('; ');
  return `the NFS provisioner is not ready: pod ${namespace}/${metadata.name}${where} waits (${why})`;
}

const isUp = ({ containerStatuses = [] }: Pod['status']): boolean =>
  containerStatuses.length > 0 && containerStatuses.every(({ ready }) => ready);

function stateOf({ status: { conditions = [], containerStatuses = [] } }: Pod): string {
  const held = containerStatuses.find(({ state }) => state?.waiting)?.state?.waiting;
  if (held) return worded(held.reason, held.message);
  const unscheduled = conditions.find(({ type, status }) => type === 'PodScheduled' && status === 'False');
  return unscheduled ? worded(unscheduled.reason, unscheduled.message) : 'it is not ready';
}

function lastEvent(all: z.infer<typeof events>['items'], pod: string): string {
  const [last] = all
    .filter(({ involvedObject: { kind, name } }) => kind === 'Pod' && name === pod)
    .toSorted((a, b) => ((a.lastTimestamp ?? '') < (b.lastTimestamp ?? '') ? 1 : -1));
  return last ? worded(last.reason, last.message) : '';
}

/** In one line, and not without end: a message may hold what a program printed. */
const worded = (reason: string | null | undefined, message: string | null | undefined): string =>
  [reason, message?.replaceAll(/\s+/g, ' ').trim().slice(0, 300)].filter(Boolean).join(': ');

function read<T>(schema: z.ZodType<T>, result: StepResult | undefined): T | undefined {
  if (result?.code !== 0) return undefined;
  try {
    return schema.safeParse(JSON.parse(result.said), ONCE).data;
  } catch {
    return undefined; // cut off
  }
}
