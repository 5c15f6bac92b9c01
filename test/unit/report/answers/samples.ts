import type { Answer, Answers } from '../../../../src/answers/answers.ts';
import { etcdSamples } from './etcd-samples.ts';
import { nodeSamples } from './node-samples.ts';

/** One answer of each kind; every list has something in it, and all texts may be replaced. */
export const samples: Answers = {
  adopt: {
    stateFolder: '/s/demo',
    masters: ['m1', 'm2'],
    files: ['ca.crt', 'ca.key'],
    tokens: 2,
    issued: ['bot'],
    users: ['jane'],
  },
  'certs-list': {
    certificates: [
      {
        host: 'm1',
        file: '/etc/kubernetes/pki/apiserver.crt',
        name: 'apiserver',
        serial: '0a',
        subject: 'CN=kube-apiserver',
        issuer: 'CN=kubernetes-ca',
        sans: ['m1', 'kubernetes', '10.0.0.11'],
        authority: false,
        notAfter: '2027-03-03T12:00:00.000Z',
        daysLeft: 100,
        served: {
          address: '192.0.2.11:6443',
          unit: 'kube-apiserver.service',
          state: 'same',
          serial: '0a',
          notAfter: '2027-03-03T12:00:00.000Z',
          daysLeft: 100,
        },
      },
    ],
    endBefore: null,
    warnDays: 30,
  },
  'certs-trust': {
    authority: 'cluster',
    trusted: [
      { commonName: 'old', notAfter: '2030-01-01T00:00:00.000Z', fingerprint: 'AA' },
      { commonName: 'new', notAfter: '2036-01-01T00:00:00.000Z', fingerprint: 'BB' },
    ],
  },
  ...etcdSamples,
  ...nodeSamples,
  'explain-file': {
    file: '/etc/etcd/boot.env',
    found: [
      {
        path: '/etc/etcd/boot.env',
        phase: 'etcd',
        title: 'etcd',
        hosts: ['m1'],
        kind: 'a file',
        restarts: ['etcd.service'],
      },
    ],
  },
  'explain-flag': {
    flag: 'v',
    found: [
      {
        component: 'kubelet',
        flag: 'v',
        values: [{ value: '2', hosts: ['m1', 'w1'] }],
        why: 'To see more.',
        link: 'https://kubernetes.io/docs/reference',
        sources: ['every profile (templates/flags/kubelet.yaml, all)'],
        phase: 'kubelet',
        unit: '/etc/systemd/system/kubelet.service',
        cis: ['4.2.1'],
        deprecated: true,
      },
    ],
  },
  init: {
    file: '/here/inventory.yaml',
    shown: 'inventory.yaml',
    name: 'demo',
    hosts: [
      { name: 'm1', address: '192.0.2.1', roles: ['master', 'etcd'] },
      { name: 'w1', address: '192.0.2.2', roles: ['worker'] },
    ],
  },
  'issue-user': {
    user: 'jane',
    folder: '/s/demo/users/jane',
    expires: '2027-01-02T00:00:00.000Z',
    kept: false,
    applied: true,
    missed: [],
    token: true,
    sealed: false,
    rights: true,
  },
  logs: { host: 'm1', at: 1_767_323_045_678_901, from: 'etcd[12]', message: 'ready' },
  'nfs-check': {
    check: 'mounts',
    well: false,
    lost: ['w2'],
    servers: [
      {
        server: 'n1',
        services: { 'rpcbind.service': 'inactive', 'nfs-server.service': 'active' },
        registered: ['nfs', 'mountd'],
        exported: ['/a'],
        missing: ['/b'],
      },
    ],
    mounts: [
      {
        node: 'w1',
        export: 'n1:/a',
        result: 'failed',
        version: '4.2',
        milliseconds: { reach: 5, mount: 12 },
      },
    ],
    problems: [
      {
        cause: 'access-denied',
        says: 'n1 does not export /a to w1',
        remedy: 'Add it.',
        host: 'w1',
        step: 'mount',
        server: 'n1',
        path: '/a',
        said: 'access denied by server',
      },
    ],
    causes: [
      {
        cause: 'access-denied',
        says: 'n1 does not export /a, /b to w1',
        remedy: 'Add it.',
        hosts: ['w1'],
        paths: ['/a', '/b'],
        said: ['access denied by server\n  while mounting /a'],
      },
    ],
  },
  'nfs-claim': {
    check: 'claim',
    well: false,
    storageClass: 'nfs-client',
    bound: 2100,
    volume: 'pvc-1',
    folder: '192.0.2.9:/nfsdata/x',
    pods: [
      { node: 'm1', reads: 'w1', result: 'ok', seconds: 7 },
      { node: 'w1', reads: 'm1', result: 'failed', seconds: null },
    ],
    problems: [
      {
        where: 'w1',
        cause: 'pod-silent',
        says: 'the pod on w1 did not come up',
        remedy: 'Look.',
        said: 'a\nb',
      },
    ],
    causes: [
      {
        cause: 'pod-silent',
        says: 'the pod on w1 did not come up',
        remedy: 'Look.',
        hosts: ['w1'],
        paths: [],
        said: ['a\nb'],
      },
    ],
    left: ['192.0.2.9:/nfsdata/archived-x'],
  },
  'nfs-remove': { host: 'n1', path: '/a', exported: false, deleted: false, problem: 'rm failed' },
  'nfs-status': {
    well: false,
    servers: [
      {
        server: 'n1',
        services: { 'nfs-server.service': 'active' },
        strangers: ['198.51.100.7'],
        clients: ['x'],
      },
    ],
    exports: [
      {
        server: 'n1',
        path: '/a',
        client: '192.0.2.0/24',
        options: ['rw', 'sync', 'wdelay'],
        declared: true,
        ours: true,
        space: { totalKiB: 10_000_000, freeKiB: 8_000_000 },
        mountedBy: { w1: 2 },
      },
    ],
    mounts: [{ node: 'w1', from: 'n1:/a', at: '/p/1', version: '4.2', state: 'hangs', said: 'nothing' }],
    problems: ['w1: n1:/a at /p/1 hangs'],
  },
  'rbac-render': {
    objects: [
      {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'Role',
        metadata: { name: 'admin', namespace: 'default', labels: { a: 'b' } },
        rules: [{ apiGroups: ['apps'], resources: ['deployments'], verbs: ['get'] }],
      },
    ],
  },
  status: {
    well: false,
    hosts: [
      {
        host: 'm1',
        roles: ['master', 'etcd'],
        reached: true,
        components: [{ unit: 'etcd.service', state: 'active', atBoot: true }],
        health: [{ check: 'etcd is healthy', missing: 'one member' }],
        certificates: [
          { path: '/etc/etcd/pki/server.crt', notAfter: '2029-01-01T00:00:00.000Z', daysLeft: 1094 },
        ],
        drift: [{ phase: 'etcd', change: 'restart etcd.service', summary: 'start' }],
        problems: ['not so: etcd is healthy (one member)'],
      },
    ],
  },
  trust: {
    hosts: [
      {
        host: 'm1',
        address: '192.0.2.1',
        port: 22,
        type: 'ssh-ed25519',
        fingerprint: 'SHA256:abc',
        state: 'new',
      },
    ],
  },
  'users-kubeconfig': { user: 'jane', file: '/here/jane.kubeconfig' },
  'users-list': {
    users: [
      {
        name: 'jane',
        kind: 'User',
        source: 'inventory',
        certificate: '2027-01-02T00:00:00.000Z',
        token: true,
        groups: ['devs'],
        roles: ['admin (default)'],
      },
    ],
  },
  'users-revoke': {
    user: 'jane',
    applied: true,
    missed: [],
    certificates: [{ serial: '0a', expires: '2027-01-02T00:00:00.000Z' }],
    groups: ['devs'],
  },
  'users-whoami': {
    server: 'https://192.0.2.1:6443',
    user: 'jane',
    certificate: 'jane',
    groups: ['devs'],
    expires: '2027-01-02T00:00:00.000Z',
    token: true,
    status: 403,
  },
  validate: {
    valid: true,
    file: 'inventory.yaml',
    hosts: 3,
    version: '1.16.3',
    profile: 'secure',
    weaknesses: [
      {
        id: 'CVE-2020-8558',
        says: 'Neighbours reach 127.0.0.1.',
        link: 'https://example.com/8558',
        mendedIn: 'v1.16.11',
        remedy: null,
      },
      {
        id: 'CVE-2020-8554',
        says: 'Traffic is taken.',
        link: 'https://example.com/8554',
        mendedIn: null,
        remedy: 'Let nobody do it.',
      },
    ],
  },
};

export const answers: readonly Answer[] = Object.entries(samples).map(
  ([answer, data]: [string, Answer['data']]) => ({ answer, data }) as Answer,
);
