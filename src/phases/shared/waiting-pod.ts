import * as z from 'zod';
import { ONCE } from '../../kernel/once.ts';
import type { Observed } from '../../probe/observe.ts';

const reason = { reason: z.string().optional(), message: z.string().optional() };
const ended = z.object({ ...reason, exitCode: z.number().optional() });
const pods = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string(), namespace: z.string().optional() }),
      spec: z.object({ nodeName: z.string().optional() }).optional(),
      status: z.object({
        conditions: z.array(z.object({ type: z.string(), status: z.string(), ...reason })).optional(),
        containerStatuses: z
          .array(
            z.object({
              ready: z.boolean(),
              state: z.object({ waiting: z.object(reason).optional() }).optional(),
              lastState: z.object({ terminated: ended.optional() }).optional(),
            }),
          )
          .optional(),
      }),
    }),
  ),
});

type Pod = z.infer<typeof pods>['items'][number];

/**
 * The first pod of a list that is not ready, and what it waits for, as the API has it; where there is none, in words too.
 * @param path API path of the list
 * @param namespace of pods that do not say theirs
 */
export function waitingPod(seen: Observed, path: string, namespace: string): string {
  const all = pods.safeParse(seen.object(path)?.body, ONCE).data?.items ?? [];
  const [first] = all.filter(({ status }) => status.containerStatuses?.every(({ ready }) => ready) !== true);
  if (!first) return all.length === 0 ? 'it has no pod yet' : 'none of its pods is available yet';
  const where = first.spec?.nodeName === undefined ? '' : ` on ${first.spec.nodeName}`;
  return `pod ${first.metadata.namespace ?? namespace}/${first.metadata.name}${where} waits (${causeOf(first)})`;
}

function causeOf({ status: { conditions = [], containerStatuses = [] } }: Pod): string {
  const [held] = containerStatuses.filter(({ ready }) => !ready);
  const before = held?.lastState?.terminated;
  const crash = before ? `; it ended with ${before.exitCode ?? '?'}: ${worded(before)}` : '';
  if (held?.state?.waiting) return `${worded(held.state.waiting)}${crash}`;
  const unscheduled = conditions.find(({ type, status }) => type === 'PodScheduled' && status === 'False');
  return unscheduled ? worded(unscheduled) : `it is not ready${crash}`;
}

/** In one line, and not without end: a message may hold what a program printed. */
export const worded = ({
  reason: short,
  message,
}: {
  reason?: string | undefined;
  message?: string | undefined;
}): string => [short, message?.replaceAll(/\s+/g, ' ').trim().slice(0, 300)].filter(Boolean).join(': ');
