import { existsSync } from 'node:fs';
import { eventually, kubectl, tryKubectl } from './kubectl.ts';
import { NFS_HOSTS, addressOf, lab, labInventory, onHost, tryOnHost } from './lab.ts';
import {
  type Result,
  failures,
  forgetHostKey,
  freshLab,
  inventoryFile,
  kubeconfigFile,
  product,
  standingCluster,
  up,
  writeInventory,
} from './product.ts';

export const SERVER = addressOf('n1');
/** The exports of `inventory/nfs-lab.yaml`. */
export const VOLUMES = '/nfsdata';
export const TEAM = '/srv/team files';

/** Emulated processors are slow: what takes seconds elsewhere takes a minute there. */
export const SLOW = 900_000;

/** Makes the inventory with storage the one in use, patched if asked. */
export function writeNfsInventory(patch?: (text: string) => string): void {
  const before = labInventory('--nfs');
  const after = patch ? patch(before) : before;
  if (patch && after === before) throw new Error('the patch does not change the inventory');
  writeInventory(() => after);
}

/** Does something under a patched inventory with storage, and puts the usual one back. */
export async function withNfsInventory<T>(
  patch: (text: string) => string,
  action: () => Promise<T>,
): Promise<T> {
  writeNfsInventory(patch);
  try {
    return await action();
  } finally {
    writeNfsInventory();
  }
}

/** The cluster of three hosts, and beside it the two virtual machines: new ones, or those that are of it already. */
export async function machines(): Promise<void> {
  if (!existsSync(kubeconfigFile)) {
    await freshLab();
    await standingCluster();
  }
  await lab('up', '--nfs');
  const ours = await onHost('m1', 'cat /var/lib/k8s-bootstrap/cluster');
  for (const host of NFS_HOSTS) {
    const { stdout } = await tryOnHost(host, 'cat /var/lib/k8s-bootstrap/cluster 2>/dev/null');
    if (stdout === '' || stdout === ours) continue;
    await lab('wipe', host);
    await forgetHostKey(host);
  }
}

/** `up` with storage. Machines that have just booted answer late while others work, which preflight refuses. */
export const upWithStorage = (): Promise<Result> => eventually(() => up(), 300);

/** All of `inventory/nfs-lab.yaml` as it should be. */
export async function standingStorage(): Promise<void> {
  await machines();
  writeNfsInventory();
  await upWithStorage();
}

/** The cluster of three hosts again, as `inventory/lab.yaml` has it; the virtual machines are switched off. */
export async function noStorage(): Promise<void> {
  const kinds =
    'deployment,serviceaccount,role,rolebinding,clusterrole,clusterrolebinding,storageclass,persistentvolumeclaim,persistentvolume';
  await kubectl(['-n', 'kube-system', 'delete', kinds, '-l', 'k8s-bootstrap/part=nfs-provisioner']);
  await tryKubectl(['delete', 'node', 'v1', '--ignore-not-found']);
  for (const node of ['w1', 'w2']) await tryKubectl(['taint', 'node', node, 'lab/no-nfs-']);
  writeInventory();
  await up('--prune');
  for (const host of NFS_HOSTS) await lab('poweroff', host);
}

/** `nfs …` and, if it tells what it found, that. */
export async function nfs(...words: readonly string[]): Promise<Result & { readonly found: unknown }> {
  const result = await product(['nfs', ...words, '-i', inventoryFile, '--json']);
  return { ...result, found: result.events.find(({ type }) => type === 'result')?.['data'] };
}

/** `nfs setup`, which must end well. */
export async function setup(): Promise<Result> {
  const result = await nfs('setup');
  if (result.code !== 0) throw new Error(`nfs setup ended with ${result.code}:\n${failures(result)}`);
  return result;
}
