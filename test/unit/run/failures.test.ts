import { describe, expect, it } from 'vitest';
import { BootstrapError } from '../../../src/kernel/errors.ts';
import type { Resource } from '../../../src/resources/resource.ts';
import { hostSummaries } from '../../../src/run/fleet.ts';
import { broken, cell, gate, play, stage } from '../../support/cells.ts';
import { memoryHost } from '../../support/memory-host.ts';
import { watchesOf } from '../../support/planning.ts';

const coded = (code: string, more: object = {}): Error => expect.objectContaining({ code, ...more }) as Error;

describe('a failing host', () => {
  const stages = [
    stage('one', ['m1', 'w1', 'w2'], {
      resources: (host) => [host === 'w1' ? broken('a', 'disk is full') : cell('a', '1')],
    }),
    stage('two', ['m1', 'w1', 'w2'], { resources: () => [cell('b', '2')] }),
  ];
  const hosts = (): ReturnType<typeof memoryHost>[] => ['m1', 'w1', 'w2'].map((name) => memoryHost(name));

  it('leaves the run with its cause; the others go on', async () => {
    const all = hosts();
    const run = play(all, stages, { essential: (host) => host === 'm1' });
    await run.up();
    expect(all.map(({ words }) => [words.get('a'), words.get('b')])).toEqual([
      ['1', '2'],
      [undefined, undefined],
      ['1', '2'],
    ]);
    expect(run.fleet.members.get('w1')?.failed).toMatchObject({
      code: 'E_STEP',
      message: 'break a failed with code 7:\ndisk is full',
      where: { host: 'w1', phase: 'one', resource: 'cell:a' },
    });
    expect(hostSummaries(run.fleet).map(({ failed }) => failed)).toEqual([false, true, false]);
    expect(run.events.filter(({ type }) => type === 'host.failed')).toHaveLength(1);
    expect(run.events.find(({ type }) => type === 'phase.done')).toMatchObject({
      phase: 'one',
      failed: ['w1'],
    });
    expect(all.map(({ lockedBy }) => lockedBy)).toEqual([undefined, undefined, undefined]);
  });

  it('shows nothing of the objects that kubectl prints when a patch fails: one may be a Secret', async () => {
    const said = `Error from server: error when applying patch:
{"data":{"password":"b2xk"}}
to:
Object: &{map["data":map["password":"b2xk"]]}
for: "STDIN": etcdserver: request timed out`;
    const run = play([memoryHost('m1')], [stage('one', ['m1'], { resources: () => [broken('a', said)] })]);
    await expect(run.up()).rejects.toThrow(coded('E_STEP'));
    const { failed } = run.fleet.members.get('m1')!;
    expect(failed?.message).toContain('request timed out');
    expect(failed?.message).not.toContain('b2xk');
  });

  it('is told by the code and the hint of an error that is known', async () => {
    const run = play(hosts(), stages, {
      essential: (host) => host === 'm1',
      knownError: (said) => (said === 'disk is full' ? { code: 'E_FULL', hint: 'Make room.' } : undefined),
    });
    await run.up();
    expect(run.fleet.members.get('w1')?.failed).toMatchObject({ code: 'E_FULL', hint: 'Make room.' });
  });

  it('ends the run when nothing works without it, after its stage', async () => {
    const all = hosts();
    const run = play(all, stages, { essential: (host) => host === 'w1' });
    await expect(run.up()).rejects.toThrow(
      coded('E_STEP', { where: { host: 'w1', phase: 'one', resource: 'cell:a' } }),
    );
    expect(all.map(({ words }) => [words.get('a'), words.get('b')])).toEqual([
      ['1', undefined],
      [undefined, undefined],
      ['1', undefined],
    ]);
    expect(all.map(({ lockedBy }) => lockedBy)).toEqual([undefined, undefined, undefined]);
  });

  it('names the unit at which a step failed', async () => {
    const missing: Resource = {
      ...cell('a', '1'),
      steps: () => [{ op: 'unit', verb: 'enable', unit: 'etcd.service' }],
    };
    const one = stage('one', ['m1'], { resources: () => [missing] });
    const run = play([memoryHost('m1')], [one], { essential: () => false });
    await run.up();
    expect(run.fleet.members.get('m1')?.failed).toMatchObject({
      code: 'E_STEP',
      message: expect.stringContaining('Unit etcd.service does not exist') as string,
      where: { host: 'm1', unit: 'etcd.service' },
    });
  });

  const sick = (): ReturnType<typeof memoryHost>[] => [
    memoryHost('m1', { a: '1', healthy: 'no' }),
    memoryHost('m2', { healthy: 'yes' }),
  ];
  const gated = [
    stage('one', ['m1', 'm2'], { resources: () => [cell('a', '1')], gates: (host) => [gate(host)] }),
    stage('two', ['m1', 'm2'], { resources: () => [cell('b', '2')] }),
  ];

  it('leaves as well when it has nothing to do and does not get healthy', async () => {
    const all = sick();
    const run = play(all, gated, { essential: () => false });
    await run.up();
    expect(run.fleet.members.get('m1')?.failed).toMatchObject({
      code: 'E_GATE',
      where: { host: 'm1', phase: 'one', unit: 'x.service' },
    });
    expect(all.map(({ words }) => words.get('b'))).toEqual([undefined, '2']);
  });

  it.each([
    [
      'ends again and again',
      'activating',
      (probes: number) => probes,
      /healthy is no; x\.service has ended 3 times in \d s$/m,
    ],
    ['was given up by systemd', 'failed', () => 1, /healthy is no; x\.service has failed$/m],
    ['runs, and is not healthy', 'active', () => 1, /healthy is no after 2 s$/m],
    ['has never been started', 'inactive', () => 0, /healthy is no after 2 s$/m],
  ])('whose unit %s is given up at once, or in time', async (_what, state, startedAt, message) => {
    const host = memoryHost('m1', { healthy: 'no', journal: 'port 1 is in use' });
    let probes = 0;
    host.before = (what) => {
      if (what !== 'probe') return;
      probes += 1;
      const said = `ExecMainStartTimestampMonotonic=${startedAt(probes)}\nActiveState=${state}`;
      host.words.set('x.service', said);
    };
    const stages = [stage('one', ['m1'], { gates: (at) => [gate(at, 'healthy', 2)] })];
    const run = play([host], stages, {
      knownError: (said) => (said === 'port 1 is in use' ? { code: 'E_PORT', hint: 'Stop it.' } : undefined),
    });
    await run.up();
    expect(run.fleet.members.get('m1')?.failed).toMatchObject({
      code: 'E_GATE',
      hint: 'Stop it.',
      message: expect.stringMatching(message) as string,
    });
  });

  it('is not waited for by the gates of others, which fail at once', async () => {
    const all = [memoryHost('m1'), ...['w1', 'w2', 'w3'].map((name) => memoryHost(name))];
    all[0]!.before = (what) => {
      if (what === 'set a 1') throw new BootstrapError('E_CONNECTION_LOST', 'gone');
    };
    const stages = [
      stage('one', ['m1'], { resources: () => [cell('a', '1')] }),
      stage('two', ['w1', 'w2', 'w3'], {
        resources: () => [cell('b', '1')],
        gates: () => [gate('m1', 'registered', 60)],
      }),
    ];
    const run = play(all, stages, { essential: () => false });
    await run.up();
    expect(run.fleet.members.get('w3')?.failed).toMatchObject({
      code: 'E_GATE',
      message: 'm1 is registered: m1 is not reached',
    });
  });

  it('is asked once by all whose gates wait for the same', async () => {
    const names = Array.from({ length: 10 }, (_, index) => `w${index}`);
    const all = [memoryHost('m1', { registered: 'no' }), ...names.map((name) => memoryHost(name))];
    let looks = 0;
    let applied = 0;
    let since = 0;
    all[0]!.before = async (what) => {
      if (what !== 'probe' || applied < names.length) return;
      looks += 1;
      since ||= performance.now();
      all[0]!.words.set('registered', performance.now() - since > 500 ? 'yes' : 'no');
      await new Promise((resolve) => setTimeout(resolve, 50));
    };
    for (const host of all.slice(1)) host.after = () => void (applied += 1);
    const stages = [
      stage('two', names, {
        resources: () => [cell('b', '1')],
        gates: () => [gate('m1', 'registered', 5)],
      }),
    ];
    const watches = (host: string) => watchesOf(stages).get(host) ?? [];
    await play(all, stages, { watches, complete: false }).up();
    expect(looks).toBeLessThan(names.length);
  });

  it('stops the run when others depend on it, even with nothing to do itself', async () => {
    const all = sick();
    const run = play(all, gated, { essential: (host) => host === 'm1' });
    await expect(run.up()).rejects.toMatchObject({ code: 'E_GATE', where: { host: 'm1', phase: 'one' } });
    expect(all.map(({ words }) => words.get('b'))).toEqual([undefined, undefined]);
  });

  it('is left out when it cannot be reached, and when it is lost on the way', async () => {
    const all = hosts();
    let connections = 0;
    const lost = Object.assign(new Error('gone'), { code: 'ECONNRESET' });
    all[2]!.before = (what) => {
      if (what === 'set a 1') throw lost;
    };
    all[1]!.before = () => {
      connections += 1;
      throw lost;
    };
    const run = play(all, stages, { essential: (host) => host === 'm1' });
    await run.up();
    expect(connections).toBe(1);
    expect(hostSummaries(run.fleet).map(({ failed }) => failed)).toEqual([false, true, true]);
    expect(all[0]!.words.get('b')).toBe('2');
  });
});

describe('an interrupt', () => {
  it('finishes what runs, gives back the lock and ends with 130', async () => {
    const controller = new AbortController();
    const host = memoryHost('m1');
    host.after = (what) => {
      if (what === 'set a 1') controller.abort();
    };
    const run = play(
      [host],
      [
        stage('one', ['m1'], { resources: () => [cell('a', '1'), cell('b', '2')] }),
        stage('two', ['m1'], { resources: () => [cell('c', '3')] }),
      ],
      { stop: controller.signal },
    );
    await expect(run.up()).rejects.toThrow(coded('E_ABORTED', { exitCode: 130 }));
    expect(Object.fromEntries(host.words)).toEqual({ a: '1', b: '2' });
    expect(host.log.at(-1)).toBe('unlock');
  });

  it('ends a wait at a gate at once: nothing is half done there', async () => {
    const controller = new AbortController();
    const one = stage('one', ['m1'], {
      resources: () => [cell('a', '1')],
      gates: (name) => [gate(name, 'healthy', 60)],
    });
    const run = play([memoryHost('m1')], [one], {
      stop: controller.signal,
      essential: () => false,
      onEvent: ({ type }) => {
        if (type === 'gate.waiting') controller.abort();
      },
    });
    await expect(run.up()).rejects.toThrow(coded('E_ABORTED', { exitCode: 130 }));
  });

  it('ends a wait at a gate at once when it is the second, and is no bug', async () => {
    const controller = new AbortController();
    const host = memoryHost('m1', { a: '1', healthy: 'no' });
    const run = play(
      [host],
      [
        stage('one', ['m1'], {
          resources: () => [cell('a', '1')],
          gates: (name) => [gate(name, 'healthy', 60)],
        }),
      ],
      {
        kill: controller.signal,
        onEvent: ({ type }) => {
          if (type === 'gate.waiting') controller.abort();
        },
      },
    );
    const started = performance.now();
    await run.up().catch(() => undefined);
    expect(performance.now() - started).toBeLessThan(5000);
    expect(run.fleet.members.get('m1')?.failed).toMatchObject({ code: 'E_ABORTED' });
  });
});
