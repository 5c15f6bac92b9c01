import { describe, expect, it } from 'vitest';
import type { Stage } from '../../../src/plan/stage.ts';
import { cell, gate, play, stage } from '../../support/cells.ts';
import { memoryHost } from '../../support/memory-host.ts';

const coded = (code: string, more: object = {}): Error => expect.objectContaining({ code, ...more }) as Error;

const three = (words: Record<string, string> = {}): ReturnType<typeof memoryHost>[] =>
  ['m1', 'm2', 'm3'].map((name) => memoryHost(name, words));
const names = ['m1', 'm2', 'm3'];

describe('the lock', () => {
  it('is refused with the name of its holder, and nothing is touched anywhere', async () => {
    const hosts = three();
    hosts[1]!.lockedBy = 'anna@laptop (pid 77)';
    const run = play(hosts, [stage('one', names, { resources: () => [cell('a', '1')] })]);
    await expect(run.up()).rejects.toThrow(
      coded('E_LOCKED', {
        exitCode: 5,
        message: 'm2 is being changed by anna@laptop (pid 77) since noon',
        where: { host: 'm2' },
      }),
    );
    expect(hosts.flatMap(({ log }) => log).filter((line) => line.startsWith('apply'))).toEqual([]);
    expect([hosts[0]!.lockedBy, hosts[2]!.lockedBy]).toEqual([undefined, undefined]);
    expect(run.prepared()).toBe(0);
  });

  it('is asked first of the first host alone, so that of two runs one gets all', async () => {
    const hosts = three();
    hosts[0]!.lockedBy = 'anna@laptop (pid 77)';
    await expect(
      play(hosts, [stage('one', names, { resources: () => [cell('a', '1')] })]).up(),
    ).rejects.toThrow(coded('E_LOCKED'));
    expect(hosts.flatMap(({ log }) => log).filter((line) => line.startsWith('lock'))).toEqual([]);
  });

  it('lets two runs at once through one after the other or not at all', async () => {
    const hosts = three();
    const stages = [stage('one', names, { resources: () => [cell('a', '1')] })];
    const runs = [play(hosts, stages).up(), play(hosts, stages).up()];
    // Who has the lock keeps it until the other has ended.
    hosts[0]!.before = async (what) => {
      if (what === 'set a 1') await Promise.race(runs).catch(() => undefined);
    };
    const results = await Promise.allSettled(runs);
    const codes = results.map((result) =>
      result.status === 'fulfilled' ? 'ok' : (result.reason as { code: string }).code,
    );
    expect(codes.toSorted()).toEqual(['E_LOCKED', 'ok']);
    const applied = hosts.map(({ log }) => log.filter((line) => line.startsWith('apply')));
    expect(applied).toEqual(names.map(() => ['apply set a 1']));
  });

  it('is taken only where something changes', async () => {
    const hosts = three();
    hosts[2]!.words.set('a', '1');
    const one = stage('one', names, { resources: () => [cell('a', '1')] });
    await play(hosts, [one], { essential: () => false }).up();
    expect(hosts.map(({ log }) => log.some((line) => line.startsWith('lock')))).toEqual([true, true, false]);
  });

  it('is one for runs with nothing else in common: they meet at the hosts nothing works without', async () => {
    const hosts = three();
    const essential = (host: string): boolean => host === 'm3';
    const change = (host: string): Stage[] => [stage('one', [host], { resources: () => [cell('a', '1')] })];
    const first = play(hosts, change('m1'), { essential });
    let second: unknown;
    hosts[0]!.before = async (what) => {
      if (what !== 'set a 1') return;
      second = await play(hosts, change('m2'), { essential })
        .up()
        .catch((error: unknown) => error);
    };
    await first.up();
    expect(second).toMatchObject({ code: 'E_LOCKED', where: { host: 'm3' } });
    expect(hosts.map(({ words }) => words.get('a'))).toEqual(['1', undefined, undefined]);
  });

  it('is taken late on a host that nothing was to be changed on at first', async () => {
    const hosts = three({ b: '1' });
    const run = play(
      hosts,
      (seen) => [
        stage('one', ['m1'], { resources: () => [cell('g', 'yes')], gates: () => [gate('m1', 'g', 5)] }),
        stage('two', ['m2'], {
          resources: () => [cell('b', seen.get('m1')?.answer('g')?.output === 'yes' ? '2' : '1')],
        }),
      ],
      { essential: () => false },
    );
    await run.up();
    expect(hosts[1]!.log.filter((line) => line !== 'probe').map((line) => line.split(' ')[0])).toEqual([
      'connect',
      'lock',
      'apply',
      'unlock',
    ]);
  });

  it('ends the run when it is lost at a host that nothing works without, after what runs there', async () => {
    const hosts = three();
    const stages = [
      stage('one', names, { resources: () => [cell('a', '1')] }),
      stage('two', names, { resources: () => [cell('b', '2')] }),
    ];
    hosts[1]!.after = () => {
      hosts[0]!.loseLock();
    };
    await expect(play(hosts, stages, { essential: (host) => host === 'm1' }).up()).rejects.toThrow(
      coded('E_LOCK_LOST', { where: { host: 'm1' } }),
    );
    expect(hosts.map(({ words }) => words.get('b'))).toEqual([undefined, undefined, undefined]);
  });

  it('is taken on no further host, and no further batch is begun, when it is lost within a phase', async () => {
    const hosts = three();
    const one = stage('one', names, { resources: () => [cell('a', '1')] });
    hosts[0]!.after = () => {
      hosts[0]!.loseLock();
    };
    const run = play(hosts, [one], { essential: (host) => host === 'm1', concurrency: 1 });
    await expect(run.up()).rejects.toThrow(coded('E_LOCK_LOST', { where: { host: 'm1' } }));
    expect(hosts.map(({ words }) => words.get('a'))).toEqual(['1', undefined, undefined]);
  });

  it('ends a wait at a gate when it is lost', async () => {
    const hosts = three({ healthy: 'no' });
    const one = stage('one', names, {
      resources: () => [cell('a', '1')],
      gates: (host) => [gate(host, 'healthy', 60)],
    });
    const run = play(hosts, [one], {
      onEvent: ({ type }) => {
        if (type === 'gate.waiting') hosts[0]!.loseLock();
      },
    });
    await expect(run.up()).rejects.toThrow(coded('E_LOCK_LOST'));
  });

  it('takes out of the run a host that nothing hangs on, when it is lost there', async () => {
    const hosts = three();
    const stages = [
      stage('one', names, { resources: () => [cell('a', '1')] }),
      stage('two', names, { resources: () => [cell('b', '2')] }),
    ];
    hosts[2]!.after = () => {
      hosts[2]!.loseLock();
    };
    const run = play(hosts, stages, { essential: (host) => host === 'm1' });
    await run.up();
    expect(run.fleet.members.get('m3')?.failed).toMatchObject({ code: 'E_LOCK_LOST', where: { host: 'm3' } });
    expect(hosts.map(({ words }) => words.get('b'))).toEqual(['2', '2', undefined]);
  });

  it('says that it waits for a step of an earlier run, and can be interrupted there', async () => {
    const hosts = three();
    hosts[0]!.busy = true;
    const stop = new AbortController();
    const run = play(hosts, [stage('one', names, { resources: () => [cell('a', '1')] })], {
      stop: stop.signal,
      onEvent: (event) => {
        if (event.type === 'note' && event.message.includes('earlier run')) stop.abort();
      },
    });
    await expect(run.up()).rejects.toThrow(coded('E_ABORTED', { exitCode: 130 }));
    expect(hosts.map(({ lockedBy }) => lockedBy)).toEqual([undefined, undefined, undefined]);
  });
});
