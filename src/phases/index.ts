import { addonsPhase } from './addons/addons.ts';
import { apiserverPhase } from './control-plane/apiserver.ts';
import { balancerPhase } from './node/balancer.ts';
import { basePhase } from './host/base.ts';
import { cniPhase } from './network/cni.ts';
import { controllerManagerPhase, schedulerPhase } from './control-plane/controllers.ts';
import { dnsPhase } from './dns/dns.ts';
import { etcdPhase } from './etcd/etcd.ts';
import { outsideEtcdPhase } from './etcd/outside.ts';
import { flannelPhase } from './network/flannel.ts';
import { firewallPhase } from './host/firewall.ts';
import { imagesPhase } from './node/images.ts';
import { keepalivedPhase } from './control-plane/keepalived.ts';
import { kubeProxyPhase } from './node/kube-proxy.ts';
import { kubeletPhase } from './node/kubelet.ts';
import { nfsClientPhase } from './nfs/client.ts';
import { nfsPackagesPhase } from './nfs/nfs-packages.ts';
import { nfsServerPhase } from './nfs/server.ts';
import { nfsStoragePhase } from './nfs/storage.ts';
import { nodesPhase, verifyPhase } from './node/nodes.ts';
import { osPhase } from './host/os.ts';
import { packagesPhase } from './host/packages.ts';
import type { Phase } from './phase.ts';
import { rbacPhase } from './control-plane/rbac.ts';
import { runtimePhase } from './node/runtime.ts';
import { timePhase } from './host/time.ts';
import { trustPhase } from './trust/authorities.ts';
import { usersPhase } from './control-plane/users.ts';

/** The product's table of contents: what is done, in this order. */
export const phases: readonly Phase[] = [
  basePhase,
  packagesPhase,
  nfsPackagesPhase,
  osPhase,
  timePhase,
  firewallPhase,
  nfsServerPhase,
  nfsClientPhase,
  trustPhase,
  etcdPhase,
  outsideEtcdPhase,
  apiserverPhase,
  controllerManagerPhase,
  schedulerPhase,
  rbacPhase,
  usersPhase,
  runtimePhase,
  imagesPhase,
  cniPhase,
  balancerPhase,
  keepalivedPhase,
  kubeletPhase,
  kubeProxyPhase,
  nodesPhase,
  flannelPhase,
  nfsStoragePhase,
  verifyPhase,
  dnsPhase,
  addonsPhase,
];
