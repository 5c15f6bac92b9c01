import type { Answer, Answers } from '../../../../src/answers/answers.ts';
import { addonSamples } from './addon-samples.ts';
import { etcdSamples } from './etcd-samples.ts';
import { hostSamples } from './host-samples.ts';
import { nfsSamples } from './nfs-samples.ts';
import { nodeSamples } from './node-samples.ts';

/** One answer of each kind; every list has something in it, and all texts may be replaced. */
export const samples: Answers = {
  ...addonSamples,
  adopt: {
    stateFolder: '/s/demo',
    masters: ['m1', 'm2'],
    files: ['ca.crt', 'ca.key'],
    tokens: 2,
    issued: ['bot'],
    revoked: ['eve'],
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
        issuerKeyId: 'c0ffee',
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
  'certs-rotate': {
    what: 'cluster',
    reached: 'done',
    issuing: { commonName: 'new', notAfter: '2036-01-01T00:00:00.000Z', fingerprint: 'BB' },
    silentSeconds: 2.5,
  },
  'certs-trust': {
    authority: 'cluster',
    trusted: [
      { commonName: 'old', notAfter: '2030-01-01T00:00:00.000Z', fingerprint: 'AA' },
      { commonName: 'new', notAfter: '2036-01-01T00:00:00.000Z', fingerprint: 'BB' },
    ],
  },
  ...etcdSamples,
  ...hostSamples,
  ...nodeSamples,
  'explain-field': {
    language: 'en',
    field: 'os.timeServers',
    found: {
      field: 'os.timeServers',
      what: 'Names or addresses; chrony is set up on every host',
      takes: '[string]',
      default: '[]',
      sources: ['inventory.yaml:9:3 os.timeServers'],
    },
  },
  'explain-file': {
    language: 'en',
    file: '/etc/etcd/boot.env',
    found: [
      {
        path: '/etc/etcd/boot.env',
        phase: 'etcd',
        title: 'etcd',
        hosts: ['m1'],
        kind: 'file',
        of: undefined,
        why: 'What counts at the first start.',
        restarts: ['etcd.service'],
      },
    ],
  },
  'explain-thing': {
    language: 'zh',
    thing: 'scheduler',
    found: [
      {
        kind: 'certificate',
        name: 'scheduler',
        why: '身份。',
        wanted: { phase: 'scheduler', title: 'kube-scheduler', hosts: ['m1'] },
        files: ['/etc/kubernetes/pki/scheduler.crt', '/etc/kubernetes/pki/scheduler.key'],
        issued: { subject: 'CN=system:kube-scheduler', by: 'cluster', days: 1095 },
      },
    ],
  },
  'explain-flag': {
    language: 'en',
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
  ...nfsSamples,
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
    deleted: '/s/demo/users/jane',
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
    namespace: 'default',
    rights: true,
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
