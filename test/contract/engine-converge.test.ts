import { describe, expect, it } from 'vitest';
import { allChanges, isEmpty, orphansOf } from '../../src/plan/plan.ts';
import { directory, file } from '../../src/resources/file.ts';
import { compile } from '../../src/resources/compile.ts';
import { runScript } from '../../src/transport/feed.ts';
import { applyOn } from '../../src/run/apply.ts';
import { type Fleet, makeFleet } from '../../src/run/fleet.ts';
import { heldOn, takeFrom } from '../../src/run/held-lock.ts';
import { lockAll } from '../../src/run/lock.ts';
import { locked, look } from '../support/probing.ts';
import { shells } from '../support/shells.ts';
import { makePlan, watchesOf } from '../support/planning.ts';
import { everything, fresh, on, unitText, up } from '../support/one-host.ts';

function fleetTo(host: ReturnType<typeof fresh>): Fleet {
  const session = host.session();
  return makeFleet(['m1'], {
    addressOf: () => '192.0.2.1',
    emit: () => undefined,
    connect: () => Promise.resolve(session),
    concurrency: 1,
    kill: new AbortController().signal,
    knownError: () => undefined,
  });
}

describe.each(shells)('a run with $name as sh', (shell) => {
  it('makes everything, proves it, and has nothing to do the second time', async () => {
    const host = fresh(shell);
    const first = await up(host, everything());
    expect(first.summary).toMatchObject({ changed: 9, failed: false, restarted: ['etcd.service'] });
    expect(host.read('/etc/etcd/etcd.key')).toBe('very secret');
    expect([host.modeOf('/etc/etcd/etcd.key'), host.ownerOf('/etc/etcd/etcd.key')]).toEqual([
      '0600',
      'etcd:etcd',
    ]);
    const second = await up(host, everything());
    expect(isEmpty(second.plan)).toBe(true);
    expect(second.summary).toMatchObject({ changed: 0, execs: 1, restarted: [] });
    expect(JSON.stringify(first.events)).not.toContain('very secret');
  });

  it('restarts a service because of what changes, and once', async () => {
    const host = fresh(shell);
    await up(host, everything());
    const { plan, summary } = await up(host, everything('--y'));
    const changes = allChanges(plan).map(({ planned }) => planned);
    expect(changes.map(({ id }) => id)).toEqual([
      'file:/etc/systemd/system/etcd.service',
      'service:etcd.service',
    ]);
    expect(changes[1]?.change).toEqual({
      kind: 'restart',
      summary: 'restart',
      because: ['/etc/systemd/system/etcd.service changes'],
      interrupts: true,
    });
    expect(summary.restarted).toEqual(['etcd.service']);
    expect(host.state('started').split('\n')).toEqual(['etcd.service', 'etcd.service']);
  });

  it('completes what a run that died between writing and restarting has left', async () => {
    const host = fresh(shell);
    await up(host, everything());
    host.write('/etc/systemd/system/etcd.service', unitText('--y'));
    const { plan, summary } = await up(host, everything('--y'));
    const changes = allChanges(plan).map(({ planned }) => planned);
    expect(changes.map(({ id }) => id)).toEqual(['service:etcd.service']);
    expect(changes[0]?.change).toMatchObject({
      because: expect.arrayContaining(['it was started before its files last changed']) as string[],
    });
    expect(summary.restarted).toEqual(['etcd.service']);
    expect((await up(host, everything('--y'))).summary.changed).toBe(0);
  });

  it('is not confused about secrets by looking again at a gate', async () => {
    const host = fresh(shell);
    const health = { kind: 'answer', key: 'health', script: 'cat /etc/health' } as const;
    const withGate = [
      on('one', [file({ path: '/etc/health', content: 'good' })], {
        gates: () => [
          {
            title: 'health',
            at: 'm1',
            watches: [health],
            judge: (seen) => (seen.answer('health')?.output === 'good' ? undefined : 'bad'),
            timeoutSeconds: 5,
            units: [],
          },
        ],
      }),
      ...everything(),
    ];
    await up(host, withGate);
    host.write('/etc/health', 'bad');
    const { summary } = await up(host, withGate);
    expect(summary).toMatchObject({ changed: 1, restarted: [] });
  });

  it('says with a failing service what its journal says', async () => {
    const host = fresh(shell);
    host.setState('fail/etcd.service', '');
    host.setState(
      'journal/etcd.service',
      'listen tcp 10.0.0.1:2380: bind: cannot assign requested address\n',
    );
    await expect(up(host, everything())).rejects.toThrow(
      expect.objectContaining({
        message: expect.stringMatching(
          /^restart etcd.service failed with code 1:\n[^]*cannot assign requested address/,
        ) as string,
        where: { host: 'm1', phase: 'store', resource: 'service:etcd.service', unit: 'etcd.service' },
      }),
    );
    host.clearState('fail/etcd.service');
    expect((await up(host, everything())).summary).toMatchObject({ changed: 1, restarted: ['etcd.service'] });
  });

  it('names what nothing wants any more, and takes it away when told', async () => {
    const host = fresh(shell);
    const extra = [
      ...everything(),
      on('extra', [directory({ path: '/etc/extra' }), file({ path: '/etc/extra/file', content: 'x' })]),
    ];
    const watched = () => [
      ...watchesOf(extra).get('m1')!,
      { kind: 'file', key: '/var/lib/k8s-bootstrap/manifest', read: 'content' } as const,
    ];
    await up(host, extra, { watches: watched });
    const { plan } = await up(host, everything(), { watches: watched });
    expect(
      orphansOf(plan)
        .map(({ path }) => path)
        .sort(),
    ).toEqual(['/etc/extra', '/etc/extra/file']);
    expect(host.read('/etc/extra/file')).toBe('x');
    await up(host, everything(), { watches: watched, prune: true });
    expect(host.list('/etc').filter((path) => path.includes('extra'))).toEqual([]);
    expect(orphansOf((await up(host, everything(), { watches: watched, prune: true })).plan)).toEqual([]);
  });

  it('runs one at a time: the second is told who works there and since when', async () => {
    const host = fresh(shell);
    const slow = on('slow', [
      {
        ...file({ path: '/etc/slow', content: 'x' }),
        steps: () => [
          {
            op: 'run',
            title: 'take time',
            script: 'touch /etc/begun; sleep 3; printf x > /etc/slow; chmod 644 /etc/slow',
          },
        ],
      },
    ]);
    const first = up(host, [slow]);
    while (host.read('/etc/begun') === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
    await expect(up(host, everything())).rejects.toThrow(
      expect.objectContaining({
        code: 'E_LOCKED',
        exitCode: 5,
        message: expect.stringMatching(
          /^m1 is being changed by o'hara@here \(pid 1\) since 20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$/,
        ) as string,
      }),
    );
    await first;
    expect((await up(host, everything())).summary.failed).toBe(false);
  });

  it('gets the lock of a controller that went silent', async () => {
    const host = fresh(shell);
    host.setState('hurry', '30'); // 45 s become 1.5
    const fleet = fleetTo(host);
    const stop = new AbortController().signal;
    const wish = { owner: 'dead', essential: () => true, touched: new Set<string>(), stop };
    const held = await lockAll(fleet, wish);
    await expect(up(host, everything())).rejects.toThrow(expect.objectContaining({ code: 'E_LOCKED' }));
    const deadline = performance.now() + 10_000;
    let done = false;
    while (!done && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 200));
      done = await up(host, everything()).then(
        () => true,
        () => false,
      );
    }
    expect(done).toBe(true);
    // What it wakes up to: the run has ended, and a batch of it does nothing.
    expect(held.lost.reason).toMatchObject({ code: 'E_LOCK_LOST', where: { host: 'm1' } });
    const [member] = fleet.members.values();
    member!.seen = await look(host.session(), []);
    const change = { kind: 'create', summary: '' } as const;
    const due = [{ resource: file({ path: '/etc/late', content: 'x' }), change }];
    await expect(applyOn(fleet, held, member!, 'late', due)).rejects.toMatchObject({ code: 'E_LOCK_LOST' });
    expect(host.read('/etc/late')).toBeUndefined();
    await held.release();
  });

  it('takes a lock from who holds it, and from nobody else', async () => {
    const host = fresh(shell);
    const member = (fleet: Fleet) => fleet.members.get('m1')!;
    const [holder, other] = [fleetTo(host), fleetTo(host)];
    expect(await heldOn(other, member(other))).toBeUndefined();
    expect(host.list('/var/lib')).toEqual([]);
    const stop = new AbortController().signal;
    const wish = { owner: 'somebody', essential: () => true, touched: new Set<string>(), stop };
    const held = await lockAll(holder, wish);
    const found = await heldOn(other, member(other));
    expect(found?.by).toMatch(/^somebody since 20/);
    await takeFrom(other, member(other), { by: '', token: 'another' });
    await expect(takeFrom(other, member(other), { by: 'a script', token: '' })).rejects.toMatchObject({
      code: 'E_LOCK',
    });
    expect(held.lost.aborted).toBe(false);
    await takeFrom(other, member(other), found!);
    expect(await heldOn(other, member(other))).toBeUndefined();
    await takeFrom(other, member(other), found!);
    await expect.poll(() => held.lost.reason as unknown).toMatchObject({ code: 'E_LOCK_LOST' });
    expect((await up(host, everything())).summary.failed).toBe(false);
    await held.release();
  });

  it('takes a lock from a run that waits for a step of an earlier one', async () => {
    const host = fresh(shell);
    const member = (fleet: Fleet) => fleet.members.get('m1')!;
    const [holder, other] = [fleetTo(host), fleetTo(host)];
    // What an earlier run has left working.
    const step = runScript(host.session(), {
      script:
        'mkdir -p /var/lib/k8s-bootstrap; exec 8>>/var/lib/k8s-bootstrap/busy; flock 8; touch /etc/works; sleep 20',
      timeoutMs: 60_000,
    });
    while (host.read('/etc/works') === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
    const stop = new AbortController().signal;
    const waiting = lockAll(holder, {
      owner: 'somebody',
      essential: () => true,
      touched: new Set<string>(),
      stop,
    });
    const refused = expect(waiting).rejects.toMatchObject({ code: 'E_LOCKED' });
    let found = await heldOn(other, member(other));
    while (!found?.token) found = await heldOn(other, member(other));
    await takeFrom(other, member(other), found);
    await refused;
    expect(await heldOn(other, member(other))).toBeUndefined();
    await step;
  });

  it('does nothing where another holds the lock, or nobody, or one whose holder was killed', async () => {
    const host = fresh(shell);
    const step = { op: 'run', title: 'x', script: 'touch /etc/done' } as const;
    const attempt = async (before: string): Promise<number> => {
      const { script } = compile([{ id: '0', step }], { nonce: 'n', phase: 'p', lock: 'mine' });
      return (await runScript(host.session(), { script: `${before}\n${script}` })).code;
    };
    expect(await attempt('')).toBe(76);
    expect(await attempt(locked('yours'))).toBe(76);
    expect(await attempt(`(${locked('mine')})`)).toBe(76);
    expect(host.read('/etc/done')).toBeUndefined();
    expect(await attempt(locked('mine'))).toBe(0);
    expect(host.read('/etc/done')).toBe('');
  });

  it('makes the same plan from the same host', async () => {
    const host = fresh(shell);
    const stages = everything();
    const watches = watchesOf(stages).get('m1')!;
    const plans = await Promise.all([look(host.session(), watches), look(host.session(), watches)]);
    const [one, other] = plans.map((seen) => makePlan(stages, new Map([['m1', seen]])));
    expect(one).toEqual(other);
    expect(isEmpty(one!)).toBe(false);
  });
});
