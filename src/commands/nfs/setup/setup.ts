import { type RunOptions } from '../../../cluster/visit.ts';
import { readInventory } from '../../../cluster/read-inventory.ts';
import { nfsOf } from '../targets.ts';
import { up } from '../../up/up.ts';

/** Phases that NFS consists of, and those it cannot do without: whose host it is, its ports, its image. */
export const NFS_PHASES = [
  'base',
  'nfs-packages',
  'firewall',
  'nfs-server',
  'nfs-client',
  'images',
  'nfs-storage',
] as const;

/** Of these, those that are about a cluster: before it is there, the rest is done all the same. */
export const IN_THE_CLUSTER = ['images', 'nfs-storage'];

/**
 * `up` for NFS alone: exports, services, clients and the provisioner, under the same locks and with the same plan.
 * @returns the exit code, as of `up`
 * @throws E_NO_NFS when the inventory has no `nfs:`
 */
export async function nfsSetup(options: RunOptions): Promise<number> {
  const read = await readInventory(options.file, options.env, options.secrets);
  nfsOf(read.inventory);
  return up({ ...options, read, only: NFS_PHASES, needCluster: IN_THE_CLUSTER });
}
