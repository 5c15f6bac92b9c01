import { describe, expect, it } from 'vitest';
import { BootstrapError } from '../../../src/kernel/errors.ts';
import { look } from '../../../src/run/converge.ts';
import { sightings } from '../../../src/run/fleet.ts';
import { type ProcedureStep, runProcedure } from '../../../src/run/procedure.ts';
import type { Stage } from '../../../src/plan/stage.ts';
import { cell, gate, journal, play, stage } from '../../support/cells.ts';
import { type MemoryHost, memoryHost } from '../../support/memory-host.ts';

const coded = (code: string): Error => expect.objectContaining({ code }) as Error;
const NAMES = ['m1', 'm2'];
const hosts = (): MemoryHost[] =>
  NAMES.map((name) => memoryHost(name, { a: '0', b: '0', c: '0', healthy: 'yes' }));

const setting = (word: string, more: Partial<ProcedureStep> = {}): ProcedureStep => ({
  id: word,
  title: `set ${word}`,
  hosts: NAMES,
  does: { kind: 'steps', steps: () => [{ op: 'run', title: `set ${word}`, script: `set ${word} 1` }] },
  ...more,
});

/** A procedure that sets a, b and c, wherever they are not set. */
function procedure(
  all: readonly MemoryHost[],
  more: Readonly<Record<string, Partial<ProcedureStep>>> = {},
  spec: Partial<Stage> = {},
) {
  const stop = new AbortController();
  const run = play(all, [
    stage('words', NAMES, { resources: () => ['a', 'b', 'c'].map((word) => cell(word, '1')), ...spec }),
  ]);
  const left = (): ProcedureStep[] =>
    ['a', 'b', 'c'].flatMap((word) => {
      const due = NAMES.filter((name) => sightings(run.fleet).get(name)?.answer(word)?.output !== '1');
      return due.length === 0 ? [] : [setting(word, { hosts: due, ...more[word] })];
    });
  return {
    ...run,
    stop,
    left,
    async go(told?: readonly ProcedureStep[]) {
      await look(run.fleet, run.goal);
      await runProcedure(run.fleet, run.goal, { told: told ?? left(), left, stop: stop.signal });
    },
  };
}

const words = (all: readonly MemoryHost[]): string[] =>
  all.map((host) => ['a', 'b', 'c'].map((word) => host.words.get(word)).join(''));

describe('a procedure', () => {
  it('does one step after the other on all its hosts, under the lock, and tells them as phases', async () => {
    const all = hosts();
    const { lines } = journal(all);
    const run = procedure(all);
    await run.go();
    expect(words(all)).toEqual(['111', '111']);
    const done = lines
      .map((line) => line.replace(/^m\d: /, ''))
      .filter((line) => /^(apply|lock|unlock)/.test(line));
    expect(done[0]).toMatch(/^lock/);
    expect(done.at(-1)).toBe('unlock');
    expect(done.filter((line) => line.startsWith('apply')).map((line) => line.split('\n')[0])).toEqual(
      ['a', 'a', 'b', 'b', 'c', 'c'].map((word) => `apply set ${word} 1`),
    );
    const phases = run.events.flatMap((event) => (event.type === 'phase.started' ? [event.phase] : []));
    expect(phases).toEqual(['a', 'b', 'c']);
  });

  it.each([0, 1, 2])('that was cut before step %d is finished by another run', async (index) => {
    const all = hosts();
    const word = ['a', 'b', 'c'][index]!;
    const second = all[1]!;
    second.before = (what) => {
      if (what.startsWith(`set ${word}`)) throw new Error('the power is cut');
    };
    await expect(procedure(all).go()).rejects.toThrow('the power is cut');
    expect(second.words.get(word)).toBe('0');
    second.before = () => undefined;
    const again = procedure(all);
    await again.go();
    expect(words(all)).toEqual(['111', '111']);
    expect(all.every(({ lockedBy }) => lockedBy === undefined)).toBe(true);
    const started = again.events.flatMap((event) => (event.type === 'phase.started' ? [event.phase] : []));
    expect(started).toEqual(['a', 'b', 'c'].slice(index));
  });

  it('ends with the first step that fails on a host, or whose gate does not hold', async () => {
    const all = hosts();
    all[1]!.after = (what) => {
      if (what === 'set b 1') all[1]!.words.set('healthy', 'no');
    };
    const run = procedure(all, { b: { gates: (host) => [gate(host)] } });
    await expect(run.go()).rejects.toEqual(coded('E_GATE'));
    expect(words(all)).toEqual(['110', '110']);
  });

  it('begins no step before what it needs', async () => {
    const all = hosts();
    all[0]!.words.set('healthy', 'no');
    const run = procedure(all, { b: { needs: [gate('m1')] } });
    await expect(run.go()).rejects.toEqual(coded('E_GATE'));
    expect(words(all)).toEqual(['100', '100']);
  });

  it('touches nothing when the steps are no longer those that were told', async () => {
    const all = hosts();
    await expect(procedure(all).go([setting('a')])).rejects.toEqual(coded('E_MOVED'));
    expect(words(all)).toEqual(['000', '000']);
  });

  it('ends between two steps when it is interrupted', async () => {
    const all = hosts();
    const run = procedure(all);
    all[0]!.after = (what) => {
      if (what === 'set a 1') run.stop.abort();
    };
    await expect(run.go()).rejects.toEqual(coded('E_ABORTED'));
    expect(words(all)).toEqual(['100', '100']);
  });

  it('brings its hosts, and no other, to what a stage wants', async () => {
    const all = hosts();
    const run = procedure(all);
    const step: ProcedureStep = {
      id: 's',
      title: 's',
      hosts: ['m2'],
      does: { kind: 'stage', stage: 'words' },
    };
    await look(run.fleet, run.goal);
    await runProcedure(run.fleet, run.goal, { told: [step], left: () => [step], stop: run.stop.signal });
    expect(words(all)).toEqual(['000', '111']);
    expect(run.prepared()).toBe(1);
  });

  it('does no more of a stage than is meant, and waits for it only where that is wanted', async () => {
    const all = hosts();
    for (const host of all) host.words.set('healthy', 'no');
    const run = procedure(all, {}, { gates: (host) => [gate(host)] });
    const step: ProcedureStep = {
      id: 's',
      title: 's',
      hosts: NAMES,
      does: {
        kind: 'stage',
        stage: 'words',
        only: (host) => (host === 'm1' ? ['cell:b'] : undefined),
        waits: false,
      },
    };
    await look(run.fleet, run.goal);
    await runProcedure(run.fleet, run.goal, { told: [step], left: () => [step], stop: run.stop.signal });
    expect(words(all)).toEqual(['010', '111']);
  });

  it('fails a host alone by what a lenient step waits for, masters too, and goes on', async () => {
    const all = hosts();
    all[0]?.words.set('healthy', 'no');
    for (const host of all.slice(1)) host.words.set('healthy', 'yes');
    const run = procedure(all, {}, { gates: (host) => [gate(host)] });
    const step = (id: string, more: Partial<ProcedureStep>): ProcedureStep => ({
      ...{ id, title: id, hosts: NAMES, does: { kind: 'stage', stage: 'words', only: () => [] } },
      ...more,
    });
    const steps = [step('s', { lenient: true }), step('t', { lenient: true })];
    await look(run.fleet, run.goal);
    await runProcedure(run.fleet, run.goal, { told: steps, left: () => steps, stop: run.stop.signal });
    expect([...run.fleet.members.values()].map(({ failed }) => failed?.code)).toEqual(['E_GATE', undefined]);
    const strict = [step('s', {})];
    const again = procedure(all, {}, { gates: (host) => [gate(host)] });
    await look(again.fleet, again.goal);
    await expect(
      runProcedure(again.fleet, again.goal, { told: strict, left: () => strict, stop: again.stop.signal }),
    ).rejects.toMatchObject({ code: 'E_GATE' });
  });

  it('looks again where what refuses it may pass, and at nothing else', async () => {
    const all = hosts();
    const run = procedure(all);
    await look(run.fleet, run.goal);
    let refusals = 0;
    const late = (code: string) => (): ProcedureStep[] => {
      refusals += 1;
      if (refusals === 1) throw new BootstrapError(code, 'nobody answered in time');
      return run.left();
    };
    const told = run.left();
    const go = (code: string): Promise<void> =>
      runProcedure(run.fleet, run.goal, {
        told,
        left: late(code),
        mayPass: ['E_LATE'],
        stop: run.stop.signal,
      });
    await expect(go('E_OTHER')).rejects.toEqual(coded('E_OTHER'));
    expect(words(all)).toEqual(['000', '000']);
    refusals = 0;
    await go('E_LATE');
    expect(words(all)).toEqual(['111', '111']);
  });
});
