import { paths } from '../kernel/host-paths.ts';
import { manifestOf } from '../resources/manifest.ts';
import { type Check, type Subject, error } from './check.ts';

/** A cluster that has had members of its own is not led away from what is stored in them. */
export const etcdStoreCheck: Check = {
  id: 'etcd-store',
  title: 'the store is the one that the cluster was made with',
  check: movedAway,
};

function movedAway({ world, seen }: Subject): ReturnType<typeof error> {
  const { outside } = world.inventory.etcd;
  if (!outside || !manifestOf(seen).has(paths.etcdStarted)) return [];
  return error(
    `has been a member of this cluster's own etcd, and etcd.endpoints names another store (${outside.endpoints[0] ?? ''})`,
    'All that the cluster knows is in its own. To move it: stop the API servers, take a snapshot there (etcdctl snapshot save), have it restored at the other store, then up --ignore-preflight etcd-store.',
  );
}
