import type { Look } from '../../cluster/visit-procedure.ts';
import { COMPONENTS } from '../../kernel/components.ts';
import { statusWatches } from '../../phases/etcd/etcdctl.ts';
import { BALANCER_UNIT } from '../../phases/node/balancer.ts';
import { KEEPALIVED_UNIT } from '../../phases/control-plane/keepalived.ts';
import { FLANNELD } from '../../resources/network/flannel.ts';
import { NODES } from '../../resources/cluster/kube-api.ts';

/** Units of ours that make a host a part of the cluster: the node's first, so that pods are left to no kubelet. */
export const UNITS: readonly string[] = [
  ...[...COMPONENTS.toReversed(), 'k8s-bootstrap-routes'].map((name) => `${name}.service`),
  FLANNELD,
  'etcd-backup.timer',
  BALANCER_UNIT,
  KEEPALIVED_UNIT,
];

/**
 * What commands about one node look at: masters, which know the nodes, the members of etcd, and the host itself.
 * @param alone the host is left as it is, as one that is dead
 */
export const nodeLook = (node: string, alone: boolean): Look => ({
  phases: ['etcd'],
  takesPart: ({ name, roles }) =>
    name === node ? !alone : roles.includes('master') || roles.includes('etcd'),
  mends: ['etcd-data', 'etcd-members'],
  asks: (_inventory, { name, roles }) => [
    ...(roles.includes('master') ? [NODES, '/healthz'].map((key) => ({ kind: 'object', key }) as const) : []),
    ...(roles.includes('etcd') ? statusWatches : []),
    ...(name === node ? UNITS.map((key) => ({ kind: 'unit', key, inputs: [] }) as const) : []),
  ],
});
