import { readFileSync } from 'node:fs';
import { load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import {
  caFilesOf,
  caSpec,
  filesOf,
  parseProfiles,
  rolesOf,
  specFor,
  specForUser,
} from '../../../src/pki/profiles.ts';
import { CA_IDS, LEAF_IDS } from '../../../src/pki/spec.ts';
import { subject } from './support.ts';

const profiles = readFileSync(new URL('../../../pki/profiles.yaml', import.meta.url), 'utf8');

describe('the trust tree', () => {
  const CLIENT = ['client'];
  const SERVER = ['server'];
  const BOTH = ['server', 'client'];

  it.each([
    ['apiserver', 'cluster', 'kube-apiserver', [], SERVER],
    ['apiserver-kubelet-client', 'cluster', 'kube-apiserver-kubelet-client', [], CLIENT],
    ['apiserver-etcd-client', 'etcd', 'kube-apiserver-etcd-client', [], CLIENT],
    ['front-proxy-client', 'front-proxy', 'front-proxy-client', [], CLIENT],
    ['etcd-server', 'etcd', 'm1', [], BOTH],
    ['etcd-peer', 'etcd', 'm1', [], BOTH],
    ['etcd-healthcheck-client', 'etcd', 'kube-etcd-healthcheck-client', [], CLIENT],
    ['controller-manager', 'cluster', 'system:kube-controller-manager', [], CLIENT],
    ['scheduler', 'cluster', 'system:kube-scheduler', [], CLIENT],
    ['balancer', 'cluster', 'kube-apiserver-balancer', [], CLIENT],
    ['kube-proxy', 'cluster', 'system:kube-proxy', [], CLIENT],
    ['kubelet-client', 'cluster', 'system:node:m1', ['system:nodes'], CLIENT],
    ['kubelet-server', 'cluster', 'm1', [], SERVER],
    ['admin', 'cluster', 'kubernetes-admin', ['system:masters'], CLIENT],
  ] as const)('%s', (id, ca, commonName, organizations, usages) => {
    expect(specFor(id, subject)).toMatchObject({ id, ca, commonName, organizations, usages, days: 1095 });
  });

  it.each([
    ['cluster', 'kubernetes-ca', []],
    ['etcd', 'etcd-ca', []],
    ['front-proxy', 'front-proxy-ca', []],
    ['users', 'k8s-users-ca', CLIENT],
  ] as const)('authority %s', (id, commonName, usages) => {
    expect(caSpec(id)).toEqual({ id, commonName, usages, days: 3650, backdateMinutes: 60 });
  });

  it('has system:masters in the administrator’s certificate only', () => {
    const masters = LEAF_IDS.filter((id) => specFor(id, subject).organizations.includes('system:masters'));
    expect(masters).toEqual(['admin']);
  });

  it('lays no two things in one place', () => {
    const all = [...LEAF_IDS.map(filesOf), ...CA_IDS.map(caFilesOf)].filter((files) => files !== undefined);
    const paths = all.flatMap(({ certificate, key }) => [certificate, key]);
    expect(new Set(paths).size).toBe(paths.length);
    expect(
      paths.every((path) =>
        /^\/(etc\/kubernetes|etc\/etcd|var\/lib\/kubelet)\/pki\/[a-z/-]+\.(crt|key|pem)$/.test(path),
      ),
    ).toBe(true);
  });

  it('lets the one key that has its certificate with it end in .pem', () => {
    expect(LEAF_IDS.filter((id) => filesOf(id)?.keyHoldsCertificate)).toEqual(['balancer']);
    expect(LEAF_IDS.filter((id) => filesOf(id)?.key.endsWith('.pem'))).toEqual(['balancer']);
  });

  it('gives etcd its own keys, and the administrator none on a host', () => {
    expect(LEAF_IDS.filter((id) => filesOf(id)?.owner === 'etcd')).toEqual(['etcd-server', 'etcd-peer']);
    expect(filesOf('admin')).toBeUndefined();
    expect(rolesOf('etcd-healthcheck-client')).toEqual(['etcd', 'master']);
  });
});

describe('names', () => {
  it('of the API server cover every way to reach it', () => {
    const { dnsNames, ips } = specFor('apiserver', subject);
    expect(dnsNames.toSorted()).toEqual([
      'api.example.com',
      'k8s.example.com',
      'kubernetes',
      'kubernetes.default',
      'kubernetes.default.svc',
      'kubernetes.default.svc.cluster.local',
      'localhost',
      'm1',
      'm2',
      'm3',
    ]);
    expect(ips.toSorted()).toEqual(
      [
        '10.0.0.11',
        '10.0.0.12',
        '10.0.0.13',
        '10.96.0.1',
        '127.0.0.1',
        '192.168.5.11',
        '203.0.113.9',
        '::1',
      ].toSorted(),
    );
  });

  it('may have an address as endpoint, or none', () => {
    expect(specFor('apiserver', { ...subject, endpoint: '10.9.9.9' }).ips).toContain('10.9.9.9');
    expect(specFor('apiserver', { ...subject, endpoint: undefined }).dnsNames).not.toContain(
      'api.example.com',
    );
  });

  it('of etcd and kubelet are the host’s own, all addresses', () => {
    const own = { dnsNames: ['m1', 'localhost'], ips: ['10.0.0.11', '192.168.5.11', '127.0.0.1', '::1'] };
    expect(specFor('etcd-server', subject)).toMatchObject(own);
    expect(specFor('etcd-peer', subject)).toMatchObject(own);
    expect(specFor('kubelet-server', subject)).toMatchObject({
      dnsNames: ['m1'],
      ips: ['10.0.0.11', '192.168.5.11'],
    });
  });

  it('are in no certificate that only dials', () => {
    for (const id of LEAF_IDS) {
      const { usages, dnsNames, ips } = specFor(id, subject);
      expect(dnsNames.length + ips.length > 0, id).toBe(usages.includes('server'));
    }
  });

  it.each([
    { node: { name: 'm1', ips: ['10.0.0.1abc'] } },
    { node: { name: 'm_1', ips: [] } },
    { node: { name: '10.0.0.1', ips: [] } },
    { masters: { names: ['m1\n'], ips: [] } },
    { masters: { names: [], ips: ['m1'] } },
    { serviceIp: '10.96.0.1/12' },
    { clusterDomain: 'cluster_local' },
    { endpoint: 'api.example.com:6443' },
    { extraSans: ['fe80::1%eth0'] },
  ])('are refused before a library sees them: %j', (wrong) => {
    expect(() => specFor('apiserver', { ...subject, ...wrong })).toThrow(
      expect.objectContaining({ code: 'E_CERT_SAN' }),
    );
  });

  it('are not read as replacement patterns', () => {
    expect(specForUser('a$&b', []).commonName).toBe('a$&b');
  });

  it('too long for a certificate are refused', () => {
    const node = { name: 'n'.repeat(53), ips: [] };
    expect(() => specFor('kubelet-client', { ...subject, node })).toThrow(
      expect.objectContaining({ code: 'E_CERT_SUBJECT' }),
    );
  });
});

describe('users', () => {
  it('are issued by their own authority, as clients, for a year', () => {
    expect(specForUser('jane', ['devs', 'ops', 'devs'])).toEqual({
      id: 'user',
      ca: 'users',
      commonName: 'jane',
      organizations: ['devs', 'ops'],
      usages: ['client'],
      dnsNames: [],
      ips: [],
      days: 365,
      backdateMinutes: 5,
    });
    expect(specForUser('jane', [], 30).days).toBe(30);
  });
});

describe('profile data', () => {
  const changed = (from: string | RegExp, to: string): (() => unknown) => {
    const text = profiles.replace(from, to);
    expect(text).not.toBe(profiles);
    return () => parseProfiles(load(text));
  };

  it.each([
    ['days: 1095', 'days: 4000', 'outlive'],
    ['ca: users', 'ca: nobody', 'certificates'],
    [/(ca: users[^-]*usages: )\[client\]/, '$1[server]', 'does not allow'],
    ['sans: [node, nodeIps, loopback]', 'sans: []', 'has no names'],
    ['sans: [node, nodeIps]\n', 'sans: [node, nodeips]\n', 'sans'],
    ['  scheduler:', '  shceduler:', 'scheduler'],
    ['owner: root', 'ownr: root', 'ownr'],
    ['days: 365', 'days: 0', 'days'],
  ])('%s → %s is refused', (from, to, naming) => {
    expect(changed(from, to)).toThrow(
      expect.objectContaining({ code: 'E_PROFILES', message: expect.stringContaining(naming) as string }),
    );
  });
});
