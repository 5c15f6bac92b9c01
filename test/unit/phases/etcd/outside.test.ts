import { describe, expect, it } from 'vitest';
import { Secret } from '../../../../src/kernel/secret.ts';
import { apiserverPhase } from '../../../../src/phases/control-plane/apiserver.ts';
import { endpointProblems, healthScript, outsideEtcdPhase } from '../../../../src/phases/etcd/outside.ts';
import type { Phase, World } from '../../../../src/phases/phase.ts';
import { trustPhase } from '../../../../src/phases/trust/authorities.ts';
import { observed } from '../../../support/observed.ts';
import { hostOf, worldOf } from '../world.ts';

const ENDPOINTS = ['https://192.0.2.41:2379', 'https://192.0.2.42:2379'];
const HOSTS = [
  { name: 'm1', address: '192.0.2.11', roles: ['master'] },
  { name: 'w1', address: '192.0.2.12', roles: ['worker'] },
];

function outside(): World {
  const etcd = { endpoints: ENDPOINTS, ca: 'ca.crt', cert: 'client.crt', key: 'client.key' };
  return {
    ...worldOf({ inventory: { hosts: HOSTS, etcd } }),
    etcdClient: { ca: 'AUTHORITY\n', certificate: 'CERTIFICATE\n', key: new Secret('KEY\n') },
  };
}
const idsOf = (phase: Phase, world: World): string[] =>
  phase.resources(world, hostOf(world, 'm1')).map(({ id }) => id);

describe('an etcd that somebody else runs', () => {
  it('is reached by masters alone, with what was given', () => {
    const world = outside();
    expect(outsideEtcdPhase.hosts(world).map(({ name }) => name)).toEqual(['m1']);
    expect(outsideEtcdPhase.hosts(worldOf())).toEqual([]);
    expect(idsOf(outsideEtcdPhase, world)).toEqual([
      'directory:/etc/kubernetes/pki/etcd',
      'file:/etc/kubernetes/pki/etcd/ca.crt',
      'file:/etc/kubernetes/pki/apiserver-etcd-client.crt',
      'file:/etc/kubernetes/pki/apiserver-etcd-client.key',
    ]);
  });

  it('shows nothing of its key in a plan', () => {
    const world = outside();
    const key = outsideEtcdPhase.resources(world, hostOf(world, 'm1')).at(-1)!;
    expect(key.diff(observed({}), new Map())).toEqual({ kind: 'create', summary: 'secret, 4 bytes' });
  });

  it('has no authority of ours, and no certificate of ours', () => {
    const world = outside();
    expect(idsOf(trustPhase, world).filter((id) => id.includes('etcd'))).toEqual([]);
    expect(idsOf(trustPhase, worldOf()).filter((id) => id.includes('etcd'))).toHaveLength(3);
    expect(idsOf(apiserverPhase, world).filter((id) => id.startsWith('certificate:'))).toEqual([
      'certificate:/etc/kubernetes/pki/apiserver.crt',
      'certificate:/etc/kubernetes/pki/apiserver-kubelet-client.crt',
      'certificate:/etc/kubernetes/pki/front-proxy-client.crt',
    ]);
  });

  it('restarts API servers when what they got in with changes', () => {
    const world = outside();
    const service = apiserverPhase.resources(world, hostOf(world, 'm1')).at(-1)!;
    const changed = new Map([
      ['file:/etc/kubernetes/pki/apiserver-etcd-client.key', { kind: 'update', summary: '' } as const],
    ]);
    const running = observed({ units: { 'kube-apiserver.service': {} } });
    expect(service.diff(running, changed)).toMatchObject({ kind: 'restart' });
  });
});

describe('whether it is well', () => {
  const gate = (world: World): ((output: string) => string | undefined) => {
    const [found] = outsideEtcdPhase.gates!(world, hostOf(world, 'm1'));
    return (output) => found!.judge(observed({ answers: { 'outside-etcd': { code: 0, output } } }));
  };
  const WELL = '{"health":"true"}';

  it('takes one endpoint that is', () => {
    const judge = gate(outside());
    expect(judge(`0 7 curl: (7) Failed\n1 0 ${WELL}`)).toBeUndefined();
    expect(judge(`0 7 curl: (7) Failed\n1 0 {"health":"false"}`)).toBe(
      'https://192.0.2.41:2379 refuses connections, or no route leads to it; https://192.0.2.42:2379 answers, and is not healthy: has it a quorum?',
    );
    expect(judge('')).toContain('was not asked');
  });

  it.each([
    [`0 0 ${WELL}`, undefined],
    ['0 0 {"health": "true", "reason": ""}', undefined],
    ['0 0 <html>', 'answers, and is not healthy'],
    ['0 6 curl: (6) Could not resolve host', 'has a name that is not known there'],
    ['0 28 curl: (28) timed out', 'does not answer in time'],
    ['0 56 curl: (56) alert bad certificate', 'refuses the certificate of etcd.cert'],
    ['0 60 curl: (60) SSL certificate problem', 'has a certificate that etcd.ca has not issued'],
    ['0 99 ', 'could not be asked (curl ended with 99)'],
    [`7 0 ${WELL}`, 'was not asked'],
  ])('%s → %s', (output, problem) => {
    expect(endpointProblems(ENDPOINTS.slice(0, 1), output)).toEqual(
      problem === undefined ? [] : [expect.stringContaining(problem)],
    );
  });

  it('is asked of each endpoint, in one go', () => {
    const script = healthScript(ENDPOINTS, { ca: '/a b', certificate: '/c', key: '/k' });
    expect(script).toContain("--cacert '/a b' --cert /c --key /k");
    expect([...script.matchAll(/https:\S+\/health/g)].map(([url]) => url)).toEqual(
      ENDPOINTS.map((endpoint) => `${endpoint}/health`),
    );
  });
});
