import { describe, expect, it } from 'vitest';
import { type CoreDns, corednsObjects } from '../../../src/addons/coredns.ts';
import { fill } from '../../../src/addons/fill.ts';

const SETTINGS: CoreDns = {
  clusterDomain: 'cluster.local',
  dnsIP: '10.96.0.10',
  image: 'k8s.gcr.io/coredns:1.6.2',
  pullPolicy: 'IfNotPresent',
  replicas: 2,
  upstream: undefined,
  restored: undefined,
};

const corefile = (settings: Partial<CoreDns>): string => {
  const config = corednsObjects({ ...SETTINGS, ...settings }).find(({ kind }) => kind === 'ConfigMap');
  return (config?.['data'] as { readonly Corefile: string }).Corefile;
};

describe('CoreDNS', () => {
  it('is made of what it needs, its rights before its pods', () => {
    expect(
      corednsObjects(SETTINGS).map(
        ({ kind, metadata }) => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`,
      ),
    ).toEqual([
      'ServiceAccount kube-system/coredns',
      'ClusterRole /system:coredns',
      'ClusterRoleBinding /system:coredns',
      'ConfigMap kube-system/coredns',
      'PodDisruptionBudget kube-system/coredns',
      'Service kube-system/kube-dns',
      'Deployment kube-system/coredns',
    ]);
  });

  it('has all names filled in, each as what it is', () => {
    const objects = corednsObjects(SETTINGS);
    expect(JSON.stringify(objects)).not.toMatch(/[{]\w+[}]/);
    expect(objects[5]).toMatchObject({ spec: { clusterIP: '10.96.0.10' } });
    expect(objects[6]).toMatchObject({
      spec: {
        replicas: 2,
        template: {
          spec: { containers: [{ image: 'k8s.gcr.io/coredns:1.6.2', imagePullPolicy: 'IfNotPresent' }] },
        },
      },
    });
  });

  it('gets other pods by another Corefile, and by a restore of etcd', () => {
    const annotations = [{}, { upstream: [] }, { restored: '20260102T030405Z' }].map((more) =>
      JSON.stringify(
        /"k8s-bootstrap\/corefile":"(\w+)"/.exec(JSON.stringify(corednsObjects({ ...SETTINGS, ...more }))),
      ),
    );
    expect(new Set(annotations).size).toBe(3);
  });

  it.each<[CoreDns['upstream'], string]>([
    [undefined, 'forward . /etc/resolv.conf\n'],
    [['192.0.2.53', '192.0.2.54:5353'], 'forward . 192.0.2.53 192.0.2.54:5353\n'],
  ])('asks %j for names of the outside', (upstream, line) => {
    expect(corefile({ upstream })).toContain(line);
  });

  it('asks nobody where nobody is there', () => {
    expect(corefile({ upstream: [] })).not.toMatch(/^ *forward/m);
  });

  it('answers for the domain of the cluster', () => {
    expect(corefile({ clusterDomain: 'k8s.example' })).toContain(
      'kubernetes k8s.example in-addr.arpa ip6.arpa {\n',
    );
  });

  it('gets new pods with another Corefile, and with nothing else', () => {
    const digest = (settings: Partial<CoreDns>): unknown =>
      JSON.stringify(corednsObjects({ ...SETTINGS, ...settings })[6]).match(
        /"k8s-bootstrap.corefile":"(\w+)"/,
      )?.[1];
    expect(digest({})).toMatch(/^[0-9a-f]{16}$/);
    expect(digest({ image: 'other:1', dnsIP: '10.96.0.11', replicas: 3 })).toBe(digest({}));
    expect(digest({ upstream: ['192.0.2.53'] })).not.toBe(digest({}));
  });
});

describe('fill', () => {
  it('keeps a number where it is the whole value, and writes it into a text', () => {
    expect(fill({ a: '{n}', b: ['x-{n}'], c: true }, { n: 3 })).toEqual({ a: 3, b: ['x-3'], c: true });
  });
  it('takes nothing for a name that is none', () => {
    expect(fill('kubernetes {\n}', {})).toBe('kubernetes {\n}');
  });
  it('refuses a name without a value', () => {
    expect(() => fill('{toString}', {})).toThrow(expect.objectContaining({ code: 'E_BUG' }));
  });
});
