import type { NfsProvisioner } from '../../inventory/types.ts';
import { packagedService } from '../../resources/packaged-service.ts';
import type { Resource } from '../../resources/resource.ts';
import { selinuxBoolean } from '../../resources/selinux-boolean.ts';
import { nodes } from '../shared/topology.ts';
import { factsWatches } from '../../facts/facts.ts';
import type { Phase, World } from '../phase.ts';

/** Without it SELinux keeps containers from what the node has mounted for them. */
const containersUseNfs = selinuxBoolean('virt_use_nfs');

/** What a node needs to mount volumes, besides its packages. */
export const nfsClientPhase: Phase = {
  id: 'nfs-client',
  title: 'NFS clients',
  batch: 'parallel',
  hosts: (world) => (world.inventory.nfs ? nodes(world) : []),
  watch: () => [...factsWatches(), ...containersUseNfs.watches],
  resources: (world, host): Resource[] => [
    ...(world.facts(host.name).selinux === 'enforcing' ? [containersUseNfs] : []),
    // Locks of version 3; mount starts rpc.statd by itself, but not what that registers with.
    ...(mountsVersion3(world) ? [packagedService({ unit: 'rpcbind.service', restartOn: [] })] : []),
  ],
};

const mountsVersion3 = ({ inventory }: World): boolean =>
  optionsOf(inventory.nfs?.provisioner).some((option) => /^(?:nfs)?vers=3/.test(option));

const optionsOf = (provisioner: NfsProvisioner | undefined): readonly string[] =>
  provisioner?.storageClass.mountOptions ?? [];
