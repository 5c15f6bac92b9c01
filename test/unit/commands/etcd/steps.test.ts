import { describe, expect, it } from 'vitest';
import { defragSteps } from '../../../../src/commands/etcd/defrag/defrag-steps.ts';
import { replaceSteps } from '../../../../src/commands/etcd/replace/replace-steps.ts';
import { RESTORED, restoreSteps } from '../../../../src/commands/etcd/restore/restore-steps.ts';
import { bytes } from '../../../../src/resources/content.ts';
import type { ProcedureStep } from '../../../../src/run/procedure.ts';
import { type Fares, etcdWorld } from './support.ts';

const coded = (code: string): Error => expect.objectContaining({ code }) as Error;
const told = (steps: readonly ProcedureStep[]): string =>
  steps.map(({ id, hosts }) => `${id.replace('etcd-', '')}:${hosts.join('+')}`).join(' ');

/** All that data needs before anything is started. */
const INSTALLED = [
  'packages',
  ...['/etc/etcd', '/etc/etcd/pki', '/var/lib/etcd'].map((path) => `directory:${path}`),
];

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
    [
      'it was installed anew',
      ['well', 'well', 'bare'],
      'base-lay:m3 firewall-lay:m3 trust-lay:m3 backup:m1 remove:m1 set-aside:m3 join:m3',
    ],
    ['it does not run', ['well', 'well', 'down'], 'backup:m1 stop:m3 remove:m1 set-aside:m3 join:m3'],
  ])('when %s', (_when, fares, expected) => {
    expect(told(steps(fares))).toBe(expected);
  });

  it('does no more of etcd than joining, but where it was installed anew', () => {
    const only = (fares: Fares[]): readonly string[] | undefined => {
      const { does } = steps(fares).at(-1)!;
      return does.kind === 'stage' ? does.only?.('m3') : [];
    };
    expect(only(['well', 'well', 'gone'])).toEqual([
      'service:etcd.service',
      ...['etcd-join', 'etcd-start', 'etcd-vote', 'directory:/var/lib/etcd'],
      ...['file:/etc/etcd/boot.env', 'file:/etc/etcd/started'],
    ]);
    expect(only(['well', 'well', 'bare'])).toBeUndefined();
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
        ...['prepare', 'control-plane-stop', 'stop', 'swap', 'start', 'restored-mark', 'apiserver-start'],
        ...[
          'controller-manager-start',
          'scheduler-start',
          'kubelet-restart',
          'kube-proxy-restart',
          'dns-anew',
          ...['kubelet-well', 'kube-proxy-well', 'verify-well'],
        ],
      ]
        .map((id) => `${id}:m1+m2+m3`)
        .join(' '),
    );
  });

  it('takes back what a snapshot gives to who was revoked since, before nodes look at the API again', () => {
    const world = etcdWorld(['well', 'well', 'well']);
    const told = (users: Partial<typeof world.users>): readonly string[] =>
      restoreSteps(
        { ...world, users: { ...world.users, ...users } },
        { snapshot: bytes('snapshot'), stamp: 'T' },
      ).map(({ id }) => id);
    expect(told({})).not.toContain('users-rights');
    const ids = told({ revoked: () => [{ name: 'eve', at: '2026-01-02T03:04:05.000Z' }] });
    const at = ids.indexOf('users-rights');
    expect(ids.slice(at - 1, at + 2)).toEqual(['scheduler-start', 'users-rights', 'kubelet-restart']);
    expect(RESTORED).toContain('users');
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

  /** Of each step that is a stage: its hosts, and what of it is meant on them. */
  const stages = (all: readonly ProcedureStep[]): Record<string, unknown> =>
    Object.fromEntries(
      all.flatMap(({ id, hosts, does }) =>
        does.kind === 'stage'
          ? [[id, Object.fromEntries(hosts.map((host) => [host, does.only?.(host) ?? 'all']))]]
          : [],
      ),
    );

  it.each([
    ['bridge', ['kubelet-restart', 'kube-proxy-restart']],
    ['flannel', ['kubelet-restart', 'kube-proxy-restart', 'flannel-restart']],
  ])('restarts what a node has with network %s', (cni, ids) => {
    const all = steps(['gone', 'gone', 'gone'], { network: { cni } });
    expect(all.map(({ id }) => id).filter((id) => id.endsWith('-restart'))).toEqual(ids);
  });

  it('does no more of a stage than it tells: what else the inventory wants is left to up', () => {
    const every = (unit: string): unknown =>
      Object.fromEntries(['m1', 'm2', 'm3'].map((host) => [host, [`service:${unit}.service`]]));
    expect(stages(steps(['well', 'gone', 'well']))).toEqual({
      'etcd-start': every('etcd'),
      'restored-mark': Object.fromEntries(
        ['m1', 'm2', 'm3'].map((host) => [host, ['file:/var/lib/k8s-bootstrap/restored']]),
      ),
      'apiserver-start': every('kube-apiserver'),
      'controller-manager-start': every('kube-controller-manager'),
      'scheduler-start': every('kube-scheduler'),
      'kubelet-restart': every('kubelet'),
      'kube-proxy-restart': every('kube-proxy'),
      'dns-anew': { m1: 'all', m2: 'all', m3: 'all' },
      ...Object.fromEntries(
        ['kubelet-well', 'kube-proxy-well', 'verify-well'].map((id) => [id, { m1: [], m2: [], m3: [] }]),
      ),
    });
  });

  it('ends when what it has restarted on nodes is well, and fails nothing by a node that is not', () => {
    const all = steps(['gone', 'gone', 'gone'], { network: { cni: 'flannel' } });
    const last = all.filter(({ lenient }) => lenient === true);
    expect(last).toEqual(all.slice(-4));
    expect(last.map(({ does }) => does.kind === 'stage' && does.stage)).toEqual([
      'kubelet',
      'kube-proxy',
      'flannel',
      'verify',
    ]);
    expect(RESTORED).toContain('verify');
  });

  it('marks each host before its data is swapped, so that a cut is noticed', () => {
    const swap = steps(['well', 'well', 'well']).find(({ id }) => id === 'etcd-swap')!;
    const [first] = swap.does.kind === 'steps' ? swap.does.steps('m2') : [];
    expect(first).toMatchObject({ op: 'write', path: '/var/lib/k8s-bootstrap/restored' });
  });

  it('lays down what hosts lack that were installed anew, first and there alone, and leaves the rest to up', () => {
    const all = steps(['well', 'bare', 'bare']);
    expect(told(all).split(' ').slice(0, 5)).toEqual([
      ...['base-lay', 'firewall-lay', 'trust-lay', 'lay'].map((id) => `${id}:m2+m3`),
      'prepare:m1+m2+m3',
    ]);
    const found = stages(all);
    expect(found['base-lay']).toEqual({ m2: 'all', m3: 'all' });
    expect(found['etcd-lay']).toEqual({ m2: INSTALLED, m3: INSTALLED });
    expect(found['etcd-start']).toEqual({ m1: ['service:etcd.service'], m2: 'all', m3: 'all' });
    expect(found['kubelet-restart']).toEqual({ m1: ['service:kubelet.service'] });
    expect(found['dns-anew']).toBeUndefined();
  });

  it('gives back the folder of the data where its disk was replaced', () => {
    const world = etcdWorld(['well', 'gone', 'well']);
    const seen = world.seen('m2')!;
    const root = { type: 'directory', mode: '0755', owner: 'root', group: 'root' } as const;
    const file: typeof seen.file = (path) => (path === '/var/lib/etcd' ? root : seen.file(path));
    const replaced = { ...seen, file };
    const all = restoreSteps(
      { ...world, seen: (name) => (name === 'm2' ? replaced : world.seen(name)) },
      { snapshot: bytes('snapshot'), stamp: 'T' },
    );
    expect(stages(all)['etcd-lay']).toEqual({ m2: ['directory:/var/lib/etcd'] });
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
