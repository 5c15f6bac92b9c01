import { describe, expect, it } from 'vitest';
import { BootstrapError } from '../../../src/kernel/errors.ts';
import { isEmpty } from '../../../src/plan/plan.ts';
import type { Stage } from '../../../src/plan/stage.ts';
import { look } from '../../../src/run/converge.ts';
import { type Play, cell, gate, play, stage } from '../../support/cells.ts';
import { type MemoryHost, memoryHost } from '../../support/memory-host.ts';

const names = ['m1', 'm2', 'm3'];

/** A store that is rolled, with a file, a stop and a start of its service, and what is built on it. */
const stages = (version: string): Stage[] => [
  stage('os', names, { resources: () => [cell('os', '1'), cell('users', '1')] }),
  stage('store', names, {
    batch: 'rolling',
    mustStand: () => 2,
    resources: () => [
      cell('file', version),
      // Down between these two.
      {
        ...cell('stopped', version),
        steps: () => [{ op: 'run', title: 'stop', script: `set stopped ${version}` }],
      },
      cell('running', version),
    ],
    gates: (host) => [gate(host)],
  }),
  stage('api', names, { resources: () => [cell('api', version)] }),
];

/** What a stop and a start of the service come to. */
function serve({ words }: MemoryHost, step: string): void {
  if (step.startsWith('set stopped')) words.set('healthy', 'no');
  if (step.startsWith('set running')) words.set('healthy', 'yes');
}

const fresh = (): MemoryHost[] =>
  names.map((name) => {
    const host = memoryHost(name);
    host.after = (what) => {
      serve(host, what);
    };
    return host;
  });

const valuesOf = (hosts: readonly MemoryHost[]): unknown =>
  hosts.map(({ words }) => Object.fromEntries([...words].sort()));

/** Breaks what is asked of hosts at the n-th step that begins or ends on any of them. */
function breakAt(hosts: readonly MemoryHost[], at: number, who: 'controller' | 'connection'): () => boolean {
  let boundary = 0;
  let broken: MemoryHost | undefined;
  const lost = (host: MemoryHost): void => {
    throw new BootstrapError('E_CONNECTION_LOST', `${host.name}: cut`);
  };
  for (const host of hosts) {
    const { after } = host;
    const count = (): void => {
      if (boundary === at) broken ??= host;
      boundary += 1;
      if (broken === host) lost(host);
    };
    host.before = (what) => {
      if (broken && (who === 'controller' || broken === host)) lost(host);
      if (what !== 'probe') count();
    };
    host.after = (what) => {
      after(what);
      count();
    };
  }
  return () => broken !== undefined;
}

/** Whole again, as after a reboot of the controller. */
function mend(hosts: readonly MemoryHost[]): { readonly mostDown: () => number } {
  let most = 0;
  for (const host of hosts) {
    host.before = () => undefined;
    host.after = (what) => {
      serve(host, what);
      const running = hosts.filter(({ words }) => words.has('running'));
      most = Math.max(most, running.filter(({ words }) => words.get('healthy') !== 'yes').length);
    };
  }
  return { mostDown: () => most };
}

const ended = (run: Play): Promise<unknown> => run.up().catch((error: unknown) => error);

describe.each(['controller', 'connection'] as const)('when the %s is lost', (who) => {
  it.each([
    ['a first run', undefined, '1'],
    ['a rolling change', '1', '2'],
  ] as const)(
    'at any boundary of a step of %s, the next run completes it',
    async (_name, before, after) => {
      const undisturbed = fresh();
      if (before !== undefined) await play(undisturbed, stages(before)).up();
      await play(undisturbed, stages(after)).up();
      let cuts = 0;
      for (let at = 0; ; at += 1) {
        const hosts = fresh();
        if (before !== undefined) await play(hosts, stages(before)).up();
        const wasCut = breakAt(hosts, at, who);
        await ended(play(hosts, stages(after)));
        const cut = wasCut();
        const { mostDown } = mend(hosts);
        const next = play(hosts, stages(after));
        await next.up();
        expect(valuesOf(hosts), `boundary ${at}`).toEqual(valuesOf(undisturbed));
        expect(isEmpty(await look(next.fleet, next.goal)), `boundary ${at}`).toBe(true);
        expect(hosts.every(({ lockedBy }) => lockedBy === undefined)).toBe(true);
        if (before !== undefined) expect(mostDown(), `boundary ${at}`).toBeLessThanOrEqual(1);
        if (!cut) break;
        cuts += 1;
      }
      // Every step has two: three hosts with six steps, or four of a change.
      expect(cuts).toBe((before === undefined ? 6 : 4) * names.length * 2);
    },
    120_000,
  );
});
