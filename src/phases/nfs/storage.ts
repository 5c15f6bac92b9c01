import { objectSet } from '../../resources/object-set.ts';
import type { Resource } from '../../resources/resource.ts';
import { apiHost } from '../shared/topology.ts';
import { namespaces } from '../shared/namespaces.ts';
import { provisionerLists, provisionerObjects } from './provisioner-objects.ts';
import type { Phase } from '../phase.ts';
import { kubectl } from '../../resources/kube-api.ts';

/** Volumes for claims: the provisioner with its rights, and the StorageClass that names it. */
export const nfsStoragePhase: Phase = {
  id: 'nfs-storage',
  title: 'NFS volumes',
  batch: 'parallel',
  hosts: (world) => (world.inventory.nfs ? apiHost(world) : []),
  resources(world): Resource[] {
    const provisioner = world.inventory.nfs?.provisioner;
    return [
      ...namespaces(provisioner ? [provisioner.namespace] : []),
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
