import type { LoadOptions } from '../../../src/inventory/load.ts';
import type { ComponentName } from '../../../src/kernel/components.ts';
import { loadRelease } from '../../../src/release/release.ts';

const FLAGS: Readonly<Record<ComponentName, readonly string[]>> = {
  etcd: ['name', 'quota-backend-bytes'],
  'kube-apiserver': [
    'admission-control',
    'audit-log-maxage',
    'bind-address',
    'disable-admission-plugins',
    'etcd-servers',
    'external-hostname',
    'insecure-bind-address',
    'insecure-port',
    'requestheader-client-ca-file',
    'service-cluster-ip-range',
    'token-auth-file',
    'v',
  ],
  'kube-controller-manager': ['v'],
  'kube-scheduler': ['v'],
  kubelet: ['cgroup-driver', 'kubelet-cgroups', 'max-pods', 'runtime-cgroups', 'v'],
  'kube-proxy': ['proxy-mode', 'v'],
};

const release: ReturnType<LoadOptions['release']> = {
  ...loadRelease('v1.16.3'),
  flag: (component, flag) => ({
    known: FLAGS[component].includes(flag),
    deprecated: flag === 'admission-control',
    link: 'https://example.com/flags',
  }),
  flagNames: (component) => FLAGS[component],
};

/** A small stand-in for the flags of the release data, and an environment of its own. */
export const known: LoadOptions = {
  env: { HOME: '/home/me', M1: '192.168.139.10', NODE_PASSWORD: 'correct horse' },
  knownVersions: ['v1.16.3', 'v1.16.15'],
  release: () => release,
};
