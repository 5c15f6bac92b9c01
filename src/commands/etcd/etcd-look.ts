import type { Look } from '../../cluster/visit-procedure.ts';
import { statusWatches } from '../../phases/etcd/etcdctl.ts';

/** What commands about etcd look at: its members. What is wrong with them is their own matter. */
export const ETCD_LOOK: Look = {
  phases: ['etcd'],
  takesPart: ({ roles }) => roles.includes('etcd'),
  mends: ['etcd-data', 'etcd-members'],
  asks: (_inventory, { roles }) => (roles.includes('etcd') ? statusWatches : []),
};
