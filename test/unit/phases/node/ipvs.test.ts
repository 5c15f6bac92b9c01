import { describe, expect, it } from 'vitest';
import { osPhase } from '../../../../src/phases/host/os.ts';
import { kubeProxyPhase } from '../../../../src/phases/node/kube-proxy.ts';
import { ipvsModulesLack, ipvsWatches, proxyModeGate } from '../../../../src/phases/node/ipvs.ts';
import type { Change, Resource } from '../../../../src/resources/resource.ts';
import { hostOf, hostSaying, sight, worldOf } from '../world.ts';

const ipvs = { network: { proxyMode: 'ipvs' } };
const NOTHING = new Map<string, Change>();

const modulesOn = (kernel: string, inventory: object = ipvs): string[] => {
  const facts = hostSaying('centos', { uname: `w1 ${kernel} x86_64` });
  const world = worldOf({ inventory: { ...inventory }, seen: { w1: { facts } } });
  return osPhase
    .resources(world, hostOf(world, 'w1'))
    .flatMap(({ id }) => /^module:((?:ip_vs|nf_conntrack_).*)$/.exec(id)?.[1] ?? []);
};

describe('modules of ipvs', () => {
  const four = ['ip_vs', 'ip_vs_rr', 'ip_vs_wrr', 'ip_vs_sh'];
  it.each([
    ['3.10.0-1160.el7.x86_64', [...four, 'nf_conntrack_ipv4']],
    ['4.15.0-20-generic', [...four, 'nf_conntrack_ipv4']],
    ['4.18.0-553.el8_10.x86_64', four],
    ['5.14.0-427.el9.x86_64', four],
    ['6.1.0-18-amd64', four],
  ])('on %s are %j', (kernel, modules) => {
    expect(modulesOn(kernel)).toEqual(modules);
  });

  it('has that of the scheduler which the inventory chooses', () => {
    const config = { ipvs: { scheduler: 'lc' } };
    expect(modulesOn('5.14.0', { ...ipvs, kubeProxy: { config } })).toEqual([...four, 'ip_vs_lc']);
  });

  it('are none in mode iptables, and nobody is asked', () => {
    expect(modulesOn('3.10.0', {})).toEqual([]);
    expect(ipvsWatches(worldOf().inventory)).toEqual([]);
  });

  it('that a host says to lack count by the names that were asked for', () => {
    const { inventory } = worldOf({ inventory: ipvs });
    const seen = sight({ answers: { 'ipvs-modules': { code: 0, output: 'ip_vs_rr\n$(touch x)\n' } } });
    expect(ipvsModulesLack(inventory, seen)).toEqual(['ip_vs_rr']);
  });
});

describe('rules of the other mode', () => {
  const rulesOf = (inventory: object): Resource => {
    const world = worldOf({ inventory: { ...inventory } });
    return kubeProxyPhase
      .resources(world, hostOf(world, 'w1'))
      .find(({ id }) => id.startsWith('proxy-rules:'))!;
  };

  it.each([
    ['ipvs', ipvs, 'iptables', false],
    ['iptables', {}, 'ipvs', true],
  ])(
    'go when %s takes its place, behind a kube-proxy that is stopped',
    async (_, inventory, other, flushes) => {
      const rules = rulesOf(inventory);
      expect(rules.id).toBe(`proxy-rules:${other}`);
      const left = sight({ answers: { [rules.id]: { code: 0, output: '' } } });
      const change = rules.diff(left, NOTHING);
      expect(change.kind).toBe('delete');
      const [stop, run, ...more] = await rules.steps(change, left);
      expect(more).toEqual([]);
      expect(stop).toEqual({ op: 'unit', verb: 'stop', unit: 'kube-proxy.service' });
      const script = run?.op === 'run' ? run.script : '';
      expect(script).toContain('/usr/local/bin/kube-proxy --cleanup');
      expect(script.startsWith('ipvsadm -C\n')).toBe(flushes);
      const gone = sight({ answers: { [rules.id]: { code: 1, output: '' } } });
      expect(rules.diff(gone, NOTHING).kind).toBe('none');
    },
  );

  it('start kube-proxy again, also where nothing else changes', () => {
    const world = worldOf({ inventory: ipvs });
    const service = kubeProxyPhase
      .resources(world, hostOf(world, 'w1'))
      .find(({ id }) => id === 'service:kube-proxy.service')!;
    const seen = sight({
      units: {
        'kube-proxy.service': { active: 'active', enabled: 'enabled', runningRevision: '', diskRevision: '' },
      },
    });
    const change: Change = { kind: 'delete', summary: '' };
    expect(service.diff(seen, NOTHING).kind).toBe('none');
    expect(service.diff(seen, new Map([['proxy-rules:iptables', change]])).kind).toBe('restart');
  });
});

describe('a kube-proxy that says what it does', () => {
  const gate = proxyModeGate('w1');
  const judged = (status: number, text: string): string | undefined =>
    gate.judge({ ...sight({}), endpoint: () => ({ status, text }) });

  it('is ready when that is ipvs', () => {
    expect(judged(200, 'ipvs')).toBeUndefined();
    expect(judged(200, 'iptables')).toContain('fallen back');
    expect(judged(0, '')).toBe('no answer');
    expect(judged(503, '')).toBe('HTTP 503');
  });

  it('is asked in mode ipvs alone', () => {
    const gates = (inventory: object): number => {
      const world = worldOf({ inventory: { ...inventory } });
      return kubeProxyPhase.gates!(world, hostOf(world, 'w1')).length;
    };
    expect([gates({}), gates(ipvs)]).toEqual([1, 2]);
  });
});
