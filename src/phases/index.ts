import { apiserverPhase } from './apiserver.ts';
import { basePhase } from './base.ts';
import { cniPhase } from './cni.ts';
import { controllerManagerPhase, schedulerPhase } from './controllers.ts';
import { etcdPhase } from './etcd.ts';
import { firewallPhase } from './firewall.ts';
import { imagesPhase } from './images.ts';
import { kubeProxyPhase } from './kube-proxy.ts';
import { kubeletPhase } from './kubelet.ts';
import { nfsClientPhase } from './nfs-client.ts';
import { nfsPackagesPhase } from './nfs-packages.ts';
import { nfsServerPhase } from './nfs-server.ts';
import { nfsStoragePhase } from './nfs-storage.ts';
import { nodesPhase, verifyPhase } from './nodes.ts';
import { osPhase } from './os.ts';
import { packagesPhase } from './packages.ts';
import type { Phase } from './phase.ts';
import { rbacPhase } from './rbac.ts';
import { runtimePhase } from './runtime.ts';
import { trustPhase } from './trust.ts';
import { usersPhase } from './users.ts';

/** The product's table of contents: what is done, in this order. */
export const phases: readonly Phase[] = [
  basePhase,
  packagesPhase,
  nfsPackagesPhase,
  osPhase,
  firewallPhase,
  nfsServerPhase,
  nfsClientPhase,
  trustPhase,
  etcdPhase,
  apiserverPhase,
  controllerManagerPhase,
  schedulerPhase,
  rbacPhase,
  usersPhase,
  runtimePhase,
  imagesPhase,
  cniPhase,
  kubeletPhase,
  kubeProxyPhase,
  nodesPhase,
  nfsStoragePhase,
  verifyPhase,
];
