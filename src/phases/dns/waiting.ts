import * as z from 'zod';
import { ONCE } from '../../kernel/once.ts';
import type { Observed } from '../../probe/observe.ts';

export const DEPLOYMENT = '/apis/apps/v1/namespaces/kube-system/deployments/coredns';
/** Its pods, by the label that its Service looks for. */
export const PODS = `/api/v1/namespaces/kube-system/pods?labelSelector=${encodeURIComponent('k8s-app=kube-dns')}`;

const deployment = z.object({ status: z.object({ availableReplicas: z.number().optional() }).optional() });

const reason = { reason: z.string().optional(), message: z.string().optional() };
const ended = z.object({ ...reason, exitCode: z.number().optional() });
const pods = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string() }),
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

/** Why no pod of CoreDNS is available, with the first that waits and what for; `undefined` when one is. */
export function whyNobodyAnswers(seen: Observed): string | undefined {
  const answer = seen.object(DEPLOYMENT);
  if (answer?.status === 404) return 'there is no Deployment kube-system/coredns';
  const found = deployment.safeParse(answer?.status === 200 ? answer.body : undefined, ONCE).data;
  if (!found) return 'the API server does not answer';
  if ((found.status?.availableReplicas ?? 0) > 0) return undefined;
  const all = pods.safeParse(seen.object(PODS)?.body, ONCE).data?.items ?? [];
  const [first] = all.filter(({ status }) => status.containerStatuses?.every(({ ready }) => ready) !== true);
  if (!first) return all.length === 0 ? 'it has no pod yet' : 'none of its pods is available yet';
  const where = first.spec?.nodeName === undefined ? '' : ` on ${first.spec.nodeName}`;
  return `pod kube-system/${first.metadata.name}${where} waits (${causeOf(first)})`;
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
const worded = ({
  reason: short,
  message,
}: {
  reason?: string | undefined;
  message?: string | undefined;
}): string => [short, message?.replaceAll(/\s+/g, ' ').trim().slice(0, 300)].filter(Boolean).join(': ');
