import { isMapping } from '../../kernel/mapping.ts';
import type { KubeObject } from '../../kernel/kube-object.ts';
import { objectSet } from '../../resources/cluster/object-set.ts';
import type { Resource } from '../../resources/resource.ts';
import { apiHost } from '../shared/topology.ts';
import { restoredAt, restoredWatch } from '../shared/restored.ts';
import { namespaces } from '../shared/namespaces.ts';
import { provisionerLists, provisionerObjects } from './provisioner-objects.ts';
import type { Phase } from '../phase.ts';
import { kubectl } from '../../resources/cluster/kube-api.ts';

/**
 * A label can be written by whoever may change a claim: of the provisioner are those alone that are bound by their own
 * name, which nobody changes afterwards.
 */
const isOurs = ({ kind, metadata, spec }: KubeObject): boolean =>
  kind !== 'PersistentVolumeClaim' || (isMapping(spec) && spec['volumeName'] === metadata.name);

/** Volumes for claims: the provisioner with its rights, and the StorageClass that names it. */
export const nfsStoragePhase: Phase = {
  id: 'nfs-storage',
  title: 'NFS volumes',
  batch: 'parallel',
  hosts: (world) => (world.inventory.nfs ? apiHost(world) : []),
  watch: () => [restoredWatch],
  resources(world): Resource[] {
    const provisioner = world.inventory.nfs?.provisioner;
    return [
      ...namespaces(provisioner ? [provisioner.namespace] : []),
      objectSet({
        id: 'nfs-provisioner',
        title: 'NFS provisioner',
        lists: provisionerLists,
        wanted: provisioner ? provisionerObjects(provisioner, restoredAt(world)) : [],
        goes: isOurs,
        kubectl,
      }),
    ];
  },
};
