import { kubeObject } from '../resources/object.ts';
import { objectSet } from '../resources/object-set.ts';
import type { Resource } from '../resources/resource.ts';
import { apiHost } from './cluster.ts';
import { provisionerLists, provisionerObjects } from './nfs-objects.ts';
import type { Phase } from './phase.ts';
import { apiPath, kubectl } from './rbac.ts';

/** These every cluster has. */
const BUILT_IN = ['default', 'kube-node-lease', 'kube-public', 'kube-system'];

/** Volumes for claims: the provisioner with its rights, and the StorageClass that names it. */
export const nfsStoragePhase: Phase = {
  id: 'nfs-storage',
  title: 'NFS volumes',
  batch: 'parallel',
  hosts: (world) => (world.inventory.nfs ? apiHost(world) : []),
  resources(world): Resource[] {
    const provisioner = world.inventory.nfs?.provisioner;
    const { namespace } = provisioner ?? {};
    const home = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace ?? '' } };
    return [
      ...(namespace === undefined || BUILT_IN.includes(namespace)
        ? []
        : [kubeObject(apiPath(home), home, kubectl)]),
      objectSet({
        id: 'nfs-provisioner',
        title: 'NFS provisioner',
        lists: provisionerLists,
        wanted: provisioner ? provisionerObjects(provisioner) : [],
        goes: () => true,
        kubectl,
      }),
    ];
  },
};
