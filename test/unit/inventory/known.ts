import type { LoadOptions } from '../../../src/inventory/load.ts';

const FLAGS: Readonly<Record<string, readonly string[]>> = {
  etcd: ['name', 'quota-backend-bytes'],
  'kube-apiserver': [
    'admission-control',
    'audit-log-maxage',
    'disable-admission-plugins',
    'etcd-servers',
    'external-hostname',
    'insecure-bind-address',
    'insecure-port',
    'service-cluster-ip-range',
    'token-auth-file',
    'v',
  ],
  'kube-controller-manager': ['v'],
  'kube-scheduler': ['v'],
  kubelet: ['cgroup-driver', 'kubelet-cgroups', 'max-pods', 'runtime-cgroups', 'v'],
  'kube-proxy': ['proxy-mode', 'v'],
};

/** A small stand-in for the release data, and an environment of its own. */
export const known: LoadOptions = {
  env: { HOME: '/home/me', M1: '192.168.139.10', NODE_PASSWORD: 'correct horse' },
  knownVersions: ['v1.16.3', 'v1.16.15'],
  flagKnown: (component, flag) => {
    if (component === 'kube-apiserver' && flag === 'admission-control') {
      return { deprecated: 'use --enable-admission-plugins' };
    }
    return FLAGS[component]?.includes(flag) ?? false;
  },
  flagNames: (component) => FLAGS[component] ?? [],
};
