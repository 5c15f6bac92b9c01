import { describe, expect, it } from 'vitest';
import { defragSteps } from '../../../../src/commands/etcd/defrag/defrag-steps.ts';
import { replaceSteps } from '../../../../src/commands/etcd/replace/replace-steps.ts';
import { restoreSteps } from '../../../../src/commands/etcd/restore/restore-steps.ts';
import { bytes } from '../../../../src/resources/content.ts';
import type { ProcedureStep } from '../../../../src/run/procedure.ts';
import { type Fares, etcdWorld } from './support.ts';

const coded = (code: string): Error => expect.objectContaining({ code }) as Error;
const told = (steps: readonly ProcedureStep[]): string =>
  steps.map(({ id, hosts }) => `${id.replace('etcd-', '')}:${hosts.join('+')}`).join(' ');

const scripts = (steps: readonly ProcedureStep[], id: string, host: string): string =>
  steps
    .filter((step) => step.id === id)
    .flatMap(({ does }) => (does.kind === 'steps' ? does.steps(host) : []))
    .map((step) => (step.op === 'run' ? step.script : ''))
    .join('\n');

describe('etcd replace', () => {
  const steps = (fares: readonly Fares[], force = false, host = 'm3'): ProcedureStep[] =>
    replaceSteps(etcdWorld(fares), { host, force, stamp: 'T', backup: () => Promise.resolve() });

  // Each row is also what a run that was cut behind one more step finds: the next one goes on from there.
  it.each<[string, Fares[], string]>([
    ['its data is gone', ['well', 'well', 'gone'], 'backup:m1 stop:m3 remove:m1 set-aside:m3 join:m3'],
    ['it was taken out and has old data', ['well', 'well', 'out'], 'backup:m1 stop:m3 set-aside:m3 join:m3'],
    [
      'its data was set aside',
      ['well', 'well', 'out without data'],
      'backup:m1 stop:m3 set-aside:m3 join:m3',
    ],
    ['it was added', ['well', 'well', 'new'], 'join:m3'],
    ['it does not run', ['well', 'well', 'down'], 'backup:m1 stop:m3 remove:m1 set-aside:m3 join:m3'],
  ])('when %s', (_when, fares, expected) => {
    expect(told(steps(fares))).toBe(expected);
  });

  it('asks when there is something to set aside, and only then', () => {
    const asks = (fares: Fares[]): boolean => steps(fares).some(({ destroys }) => destroys !== undefined);
    expect(asks(['well', 'well', 'gone'])).toBe(false);
    expect(asks(['well', 'well', 'out'])).toBe(true);
  });

  it('names the member by its id, and sets aside within its own folder', () => {
    const all = steps(['well', 'well', 'gone']);
    expect(scripts(all, 'etcd-remove', 'm1')).toContain('member remove 33 ');
    const aside = scripts(all, 'etcd-set-aside', 'm3');
    expect(aside).toContain('set_aside /var/lib/etcd/member member.set-aside.T');
    expect(aside).not.toContain('rm ');
  });

  it.each<[string, Fares[], boolean, string]>([
    ['it is well', ['well', 'well', 'well'], false, 'E_ETCD_MEMBER_WELL'],
    ['no quorum would be left', ['well', 'down', 'gone'], false, 'E_ETCD_NO_QUORUM'],
    ['no quorum would be left, by force either', ['well', 'down', 'well'], true, 'E_ETCD_NO_QUORUM'],
    ['nobody runs', ['down', 'down', 'gone'], false, 'E_ETCD_NO_QUORUM'],
    ['another is away', ['well', 'away', 'gone'], false, 'E_ETCD_NO_QUORUM'],
    ['it cannot be reached', ['well', 'well', 'away'], true, 'E_UNREACHABLE'],
  ])('is refused when %s', (_when, fares, force, code) => {
    expect(() => steps(fares, force)).toThrow(coded(code));
  });

  it('takes one that is well by force', () => {
    expect(told(steps(['well', 'well', 'well'], true))).toBe(
      'backup:m1 stop:m3 remove:m1 set-aside:m3 join:m3',
    );
  });
});

describe('etcd defrag', () => {
  it('takes whoever leads last, each behind all others', () => {
    const steps = defragSteps(etcdWorld(['well', 'well', 'well']));
    expect(told(steps)).toBe('defrag:m1 defrag:m3 defrag:m2');
    expect(steps[0]?.needs?.map(({ at }) => at)).toEqual(['m2', 'm3']);
  });

  it('compacts a full database first, and takes the alarm back when there is room', () => {
    const steps = defragSteps(etcdWorld(['well', 'well', 'full']));
    expect(told(steps)).toBe('compact:m1 defrag:m1 defrag:m3 defrag:m2 disarm:m1');
    expect(scripts(steps, 'etcd-compact', 'm1')).toContain('compact 700 --physical');
    const [room] = steps.at(-1)?.needs ?? [];
    expect(room?.judge(etcdWorld(['full', 'well', 'well']).seen('m1')!)).toMatch(/^it has 2147000000 of/);
    expect(room?.judge(etcdWorld(['well', 'well', 'well']).seen('m1')!)).toBeUndefined();
  });

  it('leaves a store alone that would have no quorum meanwhile', () => {
    expect(() => defragSteps(etcdWorld(['well', 'well', 'down']))).toThrow(coded('E_TOO_FEW_STAND'));
  });
});

describe('etcd restore', () => {
  const steps = (fares: readonly Fares[], more = {}): ProcedureStep[] =>
    restoreSteps(etcdWorld(fares, more), { snapshot: bytes('snapshot'), stamp: 'T' });

  it('makes the data before anything is stopped, and starts what was stopped', () => {
    expect(told(steps(['gone', 'gone', 'gone']))).toBe(
      [
        ...['prepare', 'control-plane-stop', 'stop', 'swap', 'start', 'apiserver-start'],
        ...['controller-manager-start', 'scheduler-start', 'nodes-restart'],
      ]
        .map((id) => `${id}:m1+m2+m3`)
        .join(' '),
    );
  });

  it('gives all members the same cluster and a new token, as user etcd', () => {
    const script = scripts(steps(['well', 'gone', 'gone']), 'etcd-prepare', 'm2');
    expect(script).toContain('--name m2');
    expect(script).toContain(
      '--initial-cluster m1=https://192.0.2.11:2380,m2=https://192.0.2.12:2380,m3=https://192.0.2.13:2380 --initial-cluster-token demo-T',
    );
    expect(script.split('\n').filter((line) => line.includes('/var/lib/etcd/restoring'))).toEqual(
      script.split('\n').filter((line) => /runuser -u etcd -- .*\/var\/lib\/etcd\/restoring/.test(line)),
    );
  });

  it('moves a log that lies elsewhere, too, and after the data', () => {
    const more = { etcd: { extraArgs: { 'wal-dir': '/fast/wal' } } };
    const swap = scripts(steps(['well', 'well', 'well'], more), 'etcd-swap', 'm1');
    const [data, wal] = ['set_aside /var/lib/etcd/member', 'set_aside /fast/wal'].map((text) =>
      swap.indexOf(text),
    );
    expect(data).toBeGreaterThan(0);
    expect(wal).toBeGreaterThan(data!);
    expect(swap).toContain('mv -T -- /fast/wal.restoring /fast/wal');
  });

  it.each([
    ['bridge', 'systemctl try-restart kubelet.service kube-proxy.service'],
    ['flannel', 'systemctl try-restart kubelet.service kube-proxy.service flanneld.service'],
  ])('restarts what a node has with network %s', (cni, script) => {
    expect(scripts(steps(['gone', 'gone', 'gone'], { network: { cni } }), 'nodes-restart', 'm1')).toBe(
      script,
    );
  });

  it('is refused while etcd counts members that the inventory does not name, for they would go on beside it', () => {
    const hosts = ['m1', 'm2'].map((name, index) => ({
      name,
      address: `192.0.2.${11 + index}`,
      roles: ['master', 'etcd'],
    }));
    expect(() => steps(['well', 'well', 'well'], { hosts })).toThrow(coded('E_ETCD_STRAYS'));
    expect(() => steps(['gone', 'gone', 'gone'], { hosts })).not.toThrow();
  });

  it('waits for no member that is away', () => {
    expect(() => steps(['well', 'away', 'well'])).toThrow(coded('E_UNREACHABLE'));
  });
});
