import { describe, expect, it } from 'vitest';
import type { HostStatus, HostStatuses } from '../../../../src/answers/hosts.ts';
import { type Survey, movedIn, watch } from '../../../../src/commands/status/watch.ts';
import { looksAt } from '../../../../src/commands/status/looks.ts';
import { BootstrapError } from '../../../../src/kernel/errors.ts';
import { makeFleet } from '../../../../src/run/fleet.ts';
import type { RunEvent } from '../../../../src/run/events.ts';
import { connectTo, memoryHost } from '../../../support/memory-host.ts';

const one = (host: string, more: Partial<HostStatus> = {}): HostStatus => ({
  host,
  roles: ['worker'],
  reached: true,
  components: [{ unit: 'kubelet.service', state: 'active', atBoot: true, since: 'then', changedBy: [] }],
  health: [{ check: 'kubelet answers', missing: null }],
  certificates: [{ path: '/a.crt', notAfter: '2029-01-01T00:00:00.000Z', daysLeft: 90 }],
  drift: [],
  orphans: [],
  problems: [],
  ...more,
});

const gone = new BootstrapError('E_UNREACHABLE', 'the connection was lost');

/** Looks `looks` times at two hosts, of which the first is away at times; `admit` may refuse what was seen. */
async function watched(
  looks: number,
  away: (look: number) => boolean,
  admit: (look: number) => void = () => undefined,
) {
  const hosts = [memoryHost('m1'), memoryHost('w1')];
  const stop = new AbortController();
  const told: HostStatuses[] = [];
  const events: string[] = [];
  const refuse = (): void => {
    if (away(told.length)) throw gone;
  };
  hosts[0]!.before = refuse;
  const fleet = makeFleet(['m1', 'w1'], {
    emit: ({ type }: Omit<RunEvent, 'at'>) => void events.push(type),
    addressOf: () => '192.0.2.1',
    // eslint-disable-next-line @typescript-eslint/require-await -- what throws there rejects
    connect: async (name) => {
      if (name === 'm1') refuse();
      return connectTo(hosts.find((host) => host.name === name)!);
    },
    concurrency: 1,
    kill: new AbortController().signal,
    knownError: () => undefined,
  });
  const goal = {
    desire: () => [],
    watches: () => [{ kind: 'answer', key: 'all', script: 'get all' } as const],
    admit: () => {
      admit(told.length);
    },
  };
  const survey = (): Promise<Survey> => {
    const list = [...fleet.members.values()].map(({ name, failed }) => one(name, { reached: !failed }));
    return Promise.resolve({ well: true, hosts: list });
  };
  const last = await watch(
    { cluster: {} as never, fleet, goal: goal as never },
    { everySeconds: 0.001, stop: stop.signal },
    survey,
    { hosts: [] },
    (answer) => {
      told.push(answer);
      if (told.length === looks) stop.abort();
    },
  );
  return { told, last, events, hosts };
}

it('looks over one connection, until it is ended, and tells nothing else', async () => {
  const { told, last, events, hosts } = await watched(2, () => false);
  expect(told.map(({ watched: look }) => look?.everySeconds)).toEqual([0.001, 0.001]);
  expect(last.hosts).toHaveLength(2);
  expect(events).toEqual([]);
  expect(hosts.map(({ connections }) => connections)).toEqual([1, 1]);
});

it('dials a host anew that was lost, each time, and marks what moved once', async () => {
  const { told, hosts } = await watched(6, (look) => look === 2 || look === 3);
  expect(told.map(({ hosts: [m1] }) => m1?.reached)).toEqual([true, true, false, false, true, true]);
  expect(told.map((answer) => answer.watched?.moved)).toEqual([
    {},
    {},
    { m1: ['reached'] },
    {},
    { m1: ['reached'] },
    {},
  ]);
  expect(hosts.map(({ connections }) => connections)).toEqual([2, 1]);
});

it('goes on where nothing can be made of a look, and says why', async () => {
  const { told, last } = await watched(
    4,
    () => false,
    (look) => {
      if (look === 2) throw new BootstrapError('E_PREFLIGHT', 'another cluster is on it');
    },
  );
  expect(told.map((answer) => [answer.well, answer.watched?.trouble])).toEqual([
    [true, null],
    [true, null],
    [false, 'E_PREFLIGHT: another cluster is on it'],
    [true, null],
  ]);
  expect(last.hosts).toHaveLength(2);
});

describe('a look at hosts', () => {
  const setUp = (patienceSeconds: number) => {
    const host = memoryHost('m1');
    const other = memoryHost('w1');
    const fleet = makeFleet(['m1', 'w1'], {
      emit: () => undefined,
      addressOf: () => '192.0.2.1',
      connect: (name) => Promise.resolve(connectTo(name === 'm1' ? host : other)),
      concurrency: 1,
      kill: new AbortController().signal,
      knownError: () => undefined,
    });
    const looks = looksAt(fleet, () => [{ kind: 'answer', key: 'all', script: 'get all' }], patienceSeconds);
    const failed = (): unknown[] => [...fleet.members.values()].map((member) => member.failed?.code);
    return { host, looks, failed };
  };

  it('waits for none that is late, asks it once, and takes its answer for the next look', async () => {
    const { host, looks, failed } = setUp(0.05);
    let answer = (): void => undefined;
    host.before = () => new Promise<void>((resolve) => (answer = resolve));
    const never = new AbortController().signal;
    await looks.again(never);
    await looks.again(never);
    expect(failed()).toEqual(['E_TIMEOUT', undefined]);
    expect(host.log.filter((line) => line === 'connect')).toHaveLength(1);
    answer();
    host.before = () => undefined;
    await expect.poll(async () => (await looks.again(never), failed())).toEqual([undefined, undefined]);
  });

  it('is not held up by one that was lost, which is dialled in the background, and lost for the same reason until then', async () => {
    const { host, looks, failed } = setUp(60);
    const never = new AbortController().signal;
    host.before = () => {
      throw gone;
    };
    await looks.again(never);
    expect(failed()).toEqual(['E_UNREACHABLE', undefined]);
    let answer = (): void => undefined;
    host.before = () => new Promise<void>((resolve) => (answer = resolve));
    const started = performance.now();
    await looks.again(never);
    await looks.again(never);
    expect(performance.now() - started).toBeLessThan(10_000);
    expect(failed()).toEqual(['E_UNREACHABLE', undefined]);
    answer();
    host.before = () => undefined;
    await expect.poll(async () => (await looks.again(never), failed())).toEqual([undefined, undefined]);
  });

  it('ends at once when it is ended', async () => {
    const { host, looks } = setUp(60);
    host.before = () => new Promise<void>(() => undefined);
    const stop = new AbortController();
    const look = looks.again(stop.signal);
    stop.abort();
    await look;
  });
});

it('marks what is shown, and no time that passed', () => {
  const before = [one('a'), one('b'), one('c'), one('d')];
  const health = [{ check: 'kubelet answers', missing: 'no' }];
  const after = [
    one('a', { components: [{ ...one('a').components[0]!, since: 'later' }] }),
    one('b', { health }),
    one('c', {
      certificates: [{ path: '/a.crt', notAfter: '', daysLeft: 89 }],
      drift: [{ phase: 'x', change: 'x', summary: '' }],
    }),
    one('d'),
  ];
  expect(movedIn(before, after)).toEqual({ a: ['components'], b: ['health'], c: ['certificates', 'drift'] });
  expect(
    movedIn([one('b', { health })], [one('b', { health: [{ ...health[0]!, missing: 'not yet' }] })]),
  ).toEqual({});
});
