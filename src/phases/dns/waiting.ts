import * as z from 'zod';
import { ONCE } from '../../kernel/once.ts';
import type { Observed } from '../../probe/observe.ts';
import { waitingPod } from '../shared/waiting-pod.ts';

export const DEPLOYMENT = '/apis/apps/v1/namespaces/kube-system/deployments/coredns';
/** Its pods, by the label that its Service looks for. */
export const PODS = `/api/v1/namespaces/kube-system/pods?labelSelector=${encodeURIComponent('k8s-app=kube-dns')}`;

const deployment = z.object({ status: z.object({ availableReplicas: z.number().optional() }).optional() });

/** Why no pod of CoreDNS is available, with the first that waits and what for; `undefined` when one is. */
export function whyNobodyAnswers(seen: Observed): string | undefined {
  const answer = seen.object(DEPLOYMENT);
  if (answer?.status === 404) return 'there is no Deployment kube-system/coredns';
  const found = deployment.safeParse(answer?.status === 200 ? answer.body : undefined, ONCE).data;
  if (!found) return 'the API server does not answer';
  if ((found.status?.availableReplicas ?? 0) > 0) return undefined;
  return waitingPod(seen, PODS, 'kube-system');
}
