import { describe, expect, it } from 'vitest';
import type { Hook } from '../../../src/kernel/hook.ts';
import { PHASE_IDS } from '../../../src/kernel/phase-ids.ts';
import { phases } from '../../../src/phases/index.ts';
import type { RunEvent } from '../../../src/run/events.ts';
import { broken, cell, journal, play, stage } from '../../support/cells.ts';
import { type MemoryHost, memoryHost } from '../../support/memory-host.ts';

const hook = (when: Hook['when'], of: string, run: string, on: Hook['on'] = 'hosts'): Hook => ({
  when,
  of,
  run,
  on,
  timeoutSeconds: 60,
});

/** What a memory host makes of a hook: a word that says which ran, or a failure. */
const means = (step: string): string => {
  const [, host, command] = /'?K8SB_HOST=(\w+)'? timeout -k 5 60 sh -c '?(\w+)'? <? ?/.exec(step) ?? [];
  if (command === undefined) return step;
  return command === 'bad' ? 'fail 3 it is broken' : `set hook ${command}@${host ?? ''}`;
};

function hooked(list: readonly Hook[], more: { readonly a?: string; readonly bad?: boolean } = {}) {
  const hosts = ['m1', 'm2'].map((name) => memoryHost(name, { a: name === 'm2' ? '1' : (more.a ?? '0') }));
  for (const host of hosts) host.means = means;
  const { lines } = journal(hosts);
  const here: string[] = [];
  const run = play(
    hosts,
    [
      stage('one', ['m1', 'm2'], {
        resources: (host) => [cell('a', '1'), ...(more.bad && host === 'm1' ? [broken('b', 'no')] : [])],
      }),
    ],
    {
      hooks: {
        list,
        cluster: 'demo',
        here: (command) => {
          here.push(command);
          return Promise.resolve({ code: command.includes('bad') ? 1 : 0, output: 'said here\n' });
        },
      },
    },
  );
  return { hosts, lines, here, ...run };
}

/** Which were applied, in order. */
const applied = (lines: readonly string[]): string[] =>
  lines.flatMap((line) => {
    const [, host = '', what = ''] = /^(\w+): apply ([^]*)$/.exec(line) ?? [];
    if (what === '') return [];
    return [/sh -c '?(\w+)/.exec(what)?.[1] ?? `${host} ${what}`];
  });

const notes = (events: readonly RunEvent[]): string[] =>
  events.flatMap((event) => (event.type === 'note' ? [`${event.host ?? 'here'}: ${event.message}`] : []));

const values = (hosts: readonly MemoryHost[]): unknown[] => hosts.map(({ words }) => words.get('a'));

describe('hooks', () => {
  it('run around the run and the phase, on the hosts that it changes, and are told', async () => {
    const { lines, here, events, hosts, up } = hooked([
      hook('after', 'one', 'third'),
      hook('before', 'up', 'first'),
      hook('before', 'one', 'second'),
      hook('after', 'up', 'fourth', ['m2']),
      hook('after', 'up', 'fifth', 'controller'),
    ]);
    await up();
    expect(applied(lines)).toEqual(['first', 'second', 'm1 set a 1', 'third', 'fourth']);
    expect(hosts[1]!.words.get('hook')).toBe('fourth@m2');
    expect(here).toHaveLength(1);
    expect(notes(events)).toEqual([
      'm1: hook before up: done',
      'm1: hook before one: done',
      'm1: hook after one: done',
      'm2: hook after up: done',
      'here: hook after up: said here',
    ]);
  });

  it('run under the lock, and get nothing of the environment', async () => {
    const { lines, here, up } = hooked([
      hook('before', 'up', 'first'),
      hook('after', 'up', 'x', 'controller'),
    ]);
    await up();
    const at = (text: string): number => lines.findIndex((line) => line.includes(text));
    expect(at('m1: lock')).toBeLessThan(at('first'));
    expect(at('first')).toBeLessThan(at('m1: unlock'));
    expect(lines.find((line) => line.includes('first'))).toMatch(
      /apply env -i PATH=\S+ LC_ALL=C HOME=\/root K8SB_CLUSTER=demo 'K8SB_HOOK=before up' K8SB_HOST=m1 timeout .* < \/dev\/null 3<&- 8>&-$/,
    );
    expect(here[0]).toMatch(
      /^env -i PATH=\S+ LC_ALL=C HOME=\/ K8SB_CLUSTER=demo 'K8SB_HOOK=after up' K8SB_HOST=controller /,
    );
  });

  it('do not run where nothing changes', async () => {
    const { lines, here, up, hosts } = hooked(
      [hook('before', 'up', 'first'), hook('after', 'one', 'x', 'controller')],
      { a: '1' },
    );
    await up();
    expect([applied(lines), here]).toEqual([[], []]);
    expect(hosts.map(({ execs }) => execs)).toEqual([1, 1]);
  });

  it.each([
    ['on a host', 'hosts', /^the hook before one failed on m1: .*failed with code 3:\nit is broken$/],
    [
      'on the controller',
      'controller',
      /^the hook before one failed on this machine: it ended with code 1\nsaid here$/,
    ],
  ] as const)('stop the run when one fails %s', async (_where, on, message) => {
    const { hosts, up } = hooked([hook('before', 'one', 'bad', on), hook('before', 'one', 'next')]);
    await expect(up()).rejects.toThrow(
      expect.objectContaining({ code: 'E_HOOK', message: expect.stringMatching(message) as string }) as Error,
    );
    expect(values(hosts)).toEqual(['0', '1']);
    expect(hosts[0]!.words.get('hook')).toBeUndefined();
  });

  it('after a phase wait until it went well', async () => {
    const { lines, up } = hooked([hook('after', 'one', 'x')], { bad: true });
    await expect(up()).rejects.toThrow(expect.objectContaining({ code: 'E_STEP' }) as Error);
    expect(applied(lines)).not.toContain('x');
  });

  it('are part of the plan', async () => {
    const { events, tell } = hooked([
      hook('before', 'one', 'a'),
      hook('after', 'two', 'b'),
      hook('after', 'up', 'c', ['m2']),
      hook('after', 'up', 'd', 'controller'),
    ]);
    await tell();
    const ready = events.find((event) => event.type === 'plan.ready');
    expect(ready?.summary.hooks).toEqual([
      { when: 'before', of: 'one', run: 'a', on: ['m1'] },
      { when: 'after', of: 'up', run: 'c', on: ['m2'] },
      { when: 'after', of: 'up', run: 'd', on: ['controller'] },
    ]);
  });
});

it('the phases that an inventory may name are those that there are', () => {
  expect(phases.map(({ id }) => id)).toEqual([...PHASE_IDS]);
});
