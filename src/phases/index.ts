import { apiserverPhase } from './apiserver.ts';
import { basePhase } from './base.ts';
import { cniPhase } from './cni.ts';
import { controllerManagerPhase, schedulerPhase } from './controllers.ts';
import { etcdPhase } from './etcd.ts';
import { firewallPhase } from './firewall.ts';
import { kubeProxyPhase } from './kube-proxy.ts';
import { kubeletPhase } from './kubelet.ts';
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
  osPhase,
  firewallPhase,
  trustPhase,
  etcdPhase,
  apiserverPhase,
  controllerManagerPhase,
  schedulerPhase,
  rbacPhase,
  usersPhase,
  runtimePhase,
  cniPhase,
  kubeletPhase,
  kubeProxyPhase,
  nodesPhase,
  verifyPhase,
];
