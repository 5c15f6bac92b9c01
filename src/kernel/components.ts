/** What a cluster is made of, in the order in which it starts: each a binary, a unit and a table of flags of that name. */
export const COMPONENTS = [
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kubelet',
  'kube-proxy',
] as const;

export type ComponentName = (typeof COMPONENTS)[number];

/** Those that read a file of settings beside their flags. */
export const CONFIGURED = ['kubelet', 'kube-proxy'] as const satisfies readonly ComponentName[];

export type ConfiguredComponent = (typeof CONFIGURED)[number];
