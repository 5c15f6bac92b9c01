import * as z from 'zod';
import type { Inventory } from '../../inventory/types.ts';
import { ONCE } from '../../kernel/once.ts';
import { sh } from '../../kernel/quote.ts';
import { kubectl } from '../../resources/cluster/kube-api.ts';
import type { Gate } from '../../plan/stage.ts';
import type { Observed } from '../../probe/observe.ts';
import { PROVISIONER_DEPLOYMENTS } from './provisioner-objects.ts';

const list = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string(), namespace: z.string(), generation: z.number() }),
      status: z.object({
        observedGeneration: z.number().optional(),
        updatedReplicas: z.number().optional(),
        readyReplicas: z.number().optional(),
      }),
    }),
  ),
});

/** Hold when the pod of the provisioner is the one that is wanted, and ready; none where there is no provisioner. */
export function provisionerGates({ nfs }: Inventory, at: string): Gate[] {
  const wanted = nfs?.provisioner;
  if (!wanted) return [];
  const judge = (seen: Observed): string | undefined => {
    const items = list.safeParse(seen.object(PROVISIONER_DEPLOYMENTS)?.body, ONCE).data?.items;
    const own = items?.find(
      ({ metadata }) => metadata.name === wanted.name && metadata.namespace === wanted.namespace,
    );
    if (!own) return `no Deployment ${wanted.name} is known`;
    const { observedGeneration = 0, updatedReplicas = 0, readyReplicas = 0 } = own.status;
    const isCurrent = observedGeneration >= own.metadata.generation && updatedReplicas > 0;
    return isCurrent && readyReplicas > 0 ? undefined : 'its pod is not ready';
  };
  const watches = [{ kind: 'object', key: PROVISIONER_DEPLOYMENTS } as const];
  const condition = `${kubectl} ${sh`-n ${wanted.namespace} rollout status deployment/${wanted.name} --timeout=5s`}`;
  return [
    { title: 'the NFS provisioner is ready', at, watches, judge, condition, timeoutSeconds: 180, units: [] },
  ];
}
