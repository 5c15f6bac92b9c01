import { describe, expect, it } from 'vitest';
import { type Resource, none } from '../../../src/resources/resource.ts';
import { rehearse } from '../../../src/run/converge.ts';
import { type Fleet, hostSummaries, probeAnew } from '../../../src/run/fleet.ts';
import { cell, dependent, gate, journal, play, stage } from '../../support/cells.ts';
import { type MemoryHost, memoryHost } from '../../support/memory-host.ts';

const coded = (code: string, more: object = {}): Error => expect.objectContaining({ code, ...more }) as Error;

const three = (words: Record<string, string> = {}): ReturnType<typeof memoryHost>[] =>
  ['m1', 'm2', 'm3'].map((name) => memoryHost(name, words));
const names = ['m1', 'm2', 'm3'];

describe('a run with nothing to do', () => {
  it('costs one connection and one exec for each host, and makes nothing', async () => {
    const hosts = three({ a: '1', healthy: 'yes' });
    const run = play(hosts, [
      stage('one', names, { resources: () => [cell('a', '1')], gates: (host) => [gate(host)] }),
    ]);
    await run.up();
    expect(hosts.map(({ log }) => log)).toEqual([
      ['connect', 'probe'],
      ['connect', 'probe'],
      ['connect', 'probe'],
    ]);
    expect(
      hostSummaries(run.fleet).map(({ connections, execs, changed }) => [connections, execs, changed]),
    ).toEqual([
      [1, 1, 0],
      [1, 1, 0],
      [1, 1, 0],
    ]);
    expect(run.prepared()).toBe(0);
    expect(
      run.events
        .map(({ type }) => type)
        .filter((type) => type.startsWith('phase') || type.startsWith('gate')),
    ).toEqual([]);
  });

  it('may be planned for one host before all have answered, and nothing of that is kept or told', async () => {
    const hosts = three({ a: '0', healthy: 'yes' });
    const spoiled = (): never => {
      throw new Error('of nobody');
    };
    for (const resources of [() => [cell('a', '1')], spoiled]) {
      const run = play(hosts, [stage('one', names, { resources })]);
      const [member] = run.fleet.members.values();
      await probeAnew(run.fleet, member!, run.goal.watches).catch(() => undefined);
      const before = run.events.length;
      rehearse(run.fleet, run.goal, 'm1');
      expect(run.events.slice(before)).toEqual([]);
    }
    expect(hosts.map((host) => host.words.get('a'))).toEqual(['0', '0', '0']);
  });

  it('counts the same over a thousand hosts, never more of them at once than allowed', async () => {
    const hosts = Array.from({ length: 1000 }, (_, index) => memoryHost(`n${index}`, { a: '1' }));
    let working = 0;
    let most = 0;
    let mostOpen = 0;
    for (const host of hosts) {
      host.before = async () => {
        most = Math.max(most, (working += 1));
        mostOpen = Math.max(mostOpen, hosts.filter(({ open }) => open > 0).length);
        await new Promise((resolve) => setImmediate(resolve));
        working -= 1;
      };
    }
    const before = process.memoryUsage().heapUsed;
    await play(
      hosts,
      [
        stage(
          'one',
          hosts.map(({ name }) => name),
          { resources: () => [cell('a', '1')] },
        ),
      ],
      { concurrency: 30 },
    ).up();
    expect(hosts.every(({ connections, execs }) => connections === 1 && execs === 1)).toBe(true);
    expect(most).toBeLessThanOrEqual(30);
    expect(most).toBeGreaterThan(10);
    expect(mostOpen).toBeLessThanOrEqual(30);
    expect(hosts.filter(({ open }) => open > 0)).toEqual([]);
    expect((process.memoryUsage().heapUsed - before) / 1e6).toBeLessThan(400);
  });

  it('is no success while a gate does not hold', async () => {
    const hosts = [memoryHost('m1', { a: '1', healthy: 'no', journal: 'x.service: disk is full' })];
    const run = play(hosts, [
      stage('one', ['m1'], { resources: () => [cell('a', '1')], gates: (host) => [gate(host)] }),
    ]);
    await run.up();
    expect(run.fleet.members.get('m1')?.failed).toMatchObject({
      code: 'E_GATE',
      message: expect.stringMatching(/m1 is healthy: healthy is no after 0.3 s\n.*disk is full/) as string,
      where: { host: 'm1', phase: 'one' },
    });
    expect(run.prepared()).toBe(0);
  });

  it('waits for a gate that is about to hold', async () => {
    const host = memoryHost('m1', { a: '1', healthy: 'no' });
    let probes = 0;
    host.before = () => {
      if ((probes += 1) === 3) host.words.set('healthy', 'yes');
    };
    const run = play(
      [host],
      [
        stage('one', ['m1'], {
          resources: () => [cell('a', '1')],
          gates: (name) => [gate(name, 'healthy', 20)],
        }),
      ],
    );
    await run.up();
    expect(run.fleet.members.get('m1')?.failed).toBeUndefined();
    expect(run.events.flatMap((event) => (event.type === 'gate.waiting' ? [event.waitingFor] : []))).toEqual([
      'm1 is healthy: healthy is no',
    ]);
  });
});

describe('a run with something to do', () => {
  it('goes stage by stage, over all hosts of a stage, under the lock, and looks again at the end', async () => {
    const hosts = three();
    const { lines } = journal(hosts);
    const stages = [
      stage('one', names, { resources: () => [cell('a', '1'), cell('b', '2')] }),
      stage('two', ['m2'], { resources: () => [cell('c', '3')] }),
      stage('three', names, { resources: () => [cell('d', '4')] }),
    ];
    const run = play(hosts, stages);
    await run.up();
    const applied = lines.filter((line) => line.includes('apply'));
    expect(applied.slice(0, 6).toSorted()).toEqual(
      names.flatMap((name) => [`${name}: apply set a 1`, `${name}: apply set b 2`]),
    );
    expect(applied.slice(6)).toEqual([
      'm2: apply set c 3',
      'm1: apply set d 4',
      'm2: apply set d 4',
      'm3: apply set d 4',
    ]);
    expect(hosts[0]!.log.map((line) => line.split(' ')[0])).toEqual([
      'connect',
      'probe',
      'lock',
      'probe',
      'apply',
      'apply',
      'apply',
      'unlock',
      'probe',
    ]);
    expect(run.prepared()).toBe(1);
    expect(hostSummaries(run.fleet).map(({ changed }) => changed)).toEqual([3, 4, 3]);
    const again = play(hosts, stages);
    await again.up();
    expect(hosts.map(({ log }) => log.at(-1))).toEqual(['probe', 'probe', 'probe']);
    expect(again.prepared()).toBe(0);
  });

  it('has more time for what comes from elsewhere', async () => {
    const host = memoryHost('m1');
    const slow: Resource = {
      ...cell('a', '1'),
      steps: () => [{ op: 'run', title: 'pull', script: 'set a 1', downloads: true }],
    };
    await play([host], [stage('one', ['m1'], { resources: () => [slow] })]).up();
    expect(host.moreMs).toBe(1_800_000);
  });

  it('plans again under the lock: what was repaired meanwhile is left alone', async () => {
    const host = memoryHost('m1');
    let probes = 0;
    host.before = () => {
      if ((probes += 1) === 2) host.words.set('a', '1');
    };
    const run = play([host], [stage('one', ['m1'], { resources: () => [cell('a', '1')] })]);
    await run.up();
    expect(host.log.filter((line) => line.startsWith('apply'))).toEqual([]);
    expect(run.prepared()).toBe(0);
  });

  it('looks again at what could not be known at the start, and only there', async () => {
    const hosts = three();
    const run = play(hosts, [
      stage('one', names, { resources: () => [cell('a', '1')] }),
      stage('two', ['m2'], { resources: () => [dependent('b', '2', 'a')] }),
    ]);
    await run.up();
    expect(hosts.map(({ words }) => words.get('b'))).toEqual([undefined, '2', undefined]);
    expect(hosts.map(({ log }) => log.filter((line) => line === 'probe').length)).toEqual([3, 4, 3]);
  });

  describe('what is not known yet and comes by itself', () => {
    /** Says `there` from the given look on. */
    const saying = (from: (look: number) => boolean): MemoryHost => {
      const host = memoryHost('m1');
      let looks = 0;
      host.before = (what) => {
        if (what !== 'probe') return;
        if (from((looks += 1))) host.words.set('there', 'yes');
        else host.words.delete('there');
      };
      return host;
    };
    const stages = [stage('one', ['m1'], { resources: () => [dependent('b', '2', 'there', true)] })];

    it('is asked again, and that is told', async () => {
      // Before the lock, under it, as the stage begins, and twice more.
      const host = saying((look) => look > 5);
      const run = play([host], stages);
      await run.up();
      expect(host.words.get('b')).toBe('2');
      const told = run.events.flatMap((event) => (event.type === 'gate.waiting' ? [event.waitingFor] : []));
      expect(told).toEqual(['what is there is known: b waits for there']);
    });

    it('is no change that flaps when it is not said at the end', async () => {
      const host = saying((look) => look !== 3);
      const run = play([host], stages);
      await run.up();
      expect(run.fleet.members.get('m1')?.failed).toBeUndefined();
      expect(host.log.filter((line) => line.startsWith('apply'))).toEqual(['apply set b 2']);
    });
  });

  it('fails a host of which it can still not be told what to do', async () => {
    const run = play(
      [memoryHost('m1')],
      [stage('one', ['m1'], { resources: () => [dependent('b', '2', 'never')] })],
    );
    await expect(run.up()).rejects.toThrow(
      coded('E_UNKNOWN', { where: { host: 'm1', phase: 'one', resource: 'cell:b' } }),
    );
  });

  it('follows facts: what a stage is about may depend on what was seen', async () => {
    const host = memoryHost('m1', { kind: 'small' });
    const run = play([host], (seen) => {
      const kind = seen.get('m1')?.answer('kind')?.output ?? 'large';
      return [stage('one', ['m1'], { resources: () => [cell('kind', kind), cell(`only-${kind}`, '1')] })];
    });
    await run.up();
    expect(host.log.filter((line) => line.startsWith('apply'))).toEqual(['apply set only-small 1']);
    // One look more each time, for the question nobody had imagined.
    expect(host.log.filter((line) => line === 'probe')).toHaveLength(6);
  });

  it('names what somebody else changes back', async () => {
    const host = memoryHost('m1');
    host.after = (what) => {
      if (what === 'set a 1') host.words.set('a', '0');
    };
    const run = play([host], [stage('one', ['m1'], { resources: () => [cell('a', '1'), cell('b', '2')] })]);
    await expect(run.up()).rejects.toThrow(
      coded('E_FLAPPING', { message: expect.stringMatching(/m1: a \(update, 0 → 1\)$/) as string }),
    );
    expect(host.lockedBy).toBeUndefined();
  });

  describe('a unit that ended while another was restarted', () => {
    const unit = (word: string): Resource => ({
      ...cell(word, 'yes'),
      diff: (seen) =>
        seen.answer(word)?.output === 'yes'
          ? none('runs')
          : { kind: 'restart', summary: 'start', because: ['it is not running'], interrupts: false },
    });
    /** It ends as the server is restarted, and is there again at the third look from then on, if ever. */
    const run = (
      word: string,
      comesBack: boolean,
    ): { host: MemoryHost; fleet: Fleet; up: () => Promise<void> } => {
      const host = memoryHost('m1', { manager: 'yes', other: 'yes' });
      let looks = 0;
      host.after = () => host.words.set('manager', 'no');
      host.before = (what) => {
        if (what !== 'probe' || host.words.get('manager') === 'yes') return;
        if ((looks += 1) === 3 && comesBack) host.words.set('manager', 'yes');
      };
      const stages = [
        stage('servers', ['m1'], { resources: () => [cell('server', '1')] }),
        stage('managers', ['m1'], { resources: () => [unit('manager')], gates: () => [gate('m1', word, 2)] }),
      ];
      return { host, ...play([host], stages) };
    };

    it('is waited for, as systemd starts it again', async () => {
      const { host, fleet, up } = run('manager', true);
      await up();
      expect(fleet.members.get('m1')?.failed).toBeUndefined();
      expect(host.log.filter((line) => line.startsWith('apply'))).toEqual(['apply set server 1']);
    });

    it('fails by its gate when it does not come back', async () => {
      const { fleet, up } = run('manager', false);
      await up();
      expect(fleet.members.get('m1')?.failed).toMatchObject({ code: 'E_GATE' });
    });

    it('is named when it stays down and no gate holds it', async () => {
      await expect(run('other', false).up()).rejects.toThrow(
        coded('E_FLAPPING', { message: expect.stringMatching(/m1: manager \(restart, start\)$/) as string }),
      );
    });
  });
});
