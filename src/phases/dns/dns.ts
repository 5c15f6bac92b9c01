import { corednsObjects } from '../../addons/coredns.ts';
import type { Inventory } from '../../inventory/types.ts';
import type { Gate } from '../../plan/stage.ts';
import { kubectl } from '../../resources/cluster/kube-api.ts';
import type { KubeObject } from '../../kernel/kube-object.ts';
import { objectSet } from '../../resources/cluster/object-set.ts';
import { apiHost } from '../shared/topology.ts';
import { labelledLists, ofPart } from '../shared/parts.ts';
import type { Phase, World } from '../phase.ts';
import { restoredAt, restoredWatch } from '../shared/restored.ts';
import { DNS_OBJECTS } from './in-the-way.ts';
import { DEPLOYMENT, PODS, whyNobodyAnswers } from './waiting.ts';

const PART = 'coredns';

const LISTS = labelledLists(PART, [
  '/api/v1/namespaces/kube-system/serviceaccounts',
  '/apis/rbac.authorization.k8s.io/v1/clusterroles',
  '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings',
  '/api/v1/namespaces/kube-system/configmaps',
  '/apis/policy/v1beta1/namespaces/kube-system/poddisruptionbudgets',
  '/api/v1/namespaces/kube-system/services',
  '/apis/apps/v1/namespaces/kube-system/deployments',
]);

/** Names for pods: CoreDNS with its rights, at the address that kubelet gives them. Last, for its pods need nodes. */
export const dnsPhase: Phase = {
  id: 'dns',
  title: 'Names in the cluster',
  batch: 'parallel',
  hosts: (world) => (isWanted(world.inventory) || world.prune ? apiHost(world) : []),
  watch: (world) =>
    isWanted(world.inventory)
      ? [restoredWatch, ...DNS_OBJECTS.map((key) => ({ kind: 'object', key }) as const)]
      : [],
  resources: (world) => [
    objectSet({
      id: 'coredns',
      title: 'CoreDNS',
      lists: LISTS,
      wanted: isWanted(world.inventory) ? objects(world) : [],
      goes: () => world.prune,
      kubectl,
    }),
  ],
  gates: (world, host) => (isWanted(world.inventory) ? [answers(host.name)] : []),
};

const isWanted = ({ dns }: Inventory): boolean => dns.provider === 'coredns';

/** One of its pods is enough: with another that waits the cluster has names, and a run goes on. */
const answers = (at: string): Gate => ({
  title: 'CoreDNS answers',
  at,
  watches: [DEPLOYMENT, PODS].map((key) => ({ kind: 'object', key }) as const),
  judge: whyNobodyAnswers,
  condition: `${kubectl} -n kube-system get deployment coredns -o 'jsonpath={.status.availableReplicas}' | grep -q '[1-9]'`,
  timeoutSeconds: 180,
  units: [],
});

function objects(world: World): KubeObject[] {
  const { dns, network, profile } = world.inventory;
  return corednsObjects({
    clusterDomain: network.clusterDomain,
    dnsIP: network.dnsIP,
    image: dns.image,
    // AlwaysPullImages writes it into every pod.
    pullPolicy: profile === 'cis' ? 'Always' : 'IfNotPresent',
    replicas: dns.replicas,
    upstream: dns.upstream,
    restored: restoredAt(world),
  }).map((object) => ofPart(PART, object));
}
