import type { ComponentName } from '../kernel/components.ts';
import type { Inventory } from './types.ts';

/** The section of the inventory by which a component is set. */
export const SECTIONS = {
  etcd: 'etcd',
  'kube-apiserver': 'apiServer',
  'kube-controller-manager': 'controllerManager',
  'kube-scheduler': 'scheduler',
  kubelet: 'kubelet',
  'kube-proxy': 'kubeProxy',
} as const satisfies Readonly<Record<ComponentName, keyof Inventory>>;
