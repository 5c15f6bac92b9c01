import { describe, expect, it } from 'vitest';
import {
  type RotationStep,
  leftUntil,
  runRotation,
} from '../../../../../src/commands/certs/rotate/run-rotation.ts';
import { BootstrapError } from '../../../../../src/kernel/errors.ts';
import { cell, gate, play, stage } from '../../../../support/cells.ts';
import { type MemoryHost, memoryHost } from '../../../../support/memory-host.ts';
import { look } from '../../../../../src/run/converge.ts';

const coded = (code: string): Error => expect.objectContaining({ code }) as Error;
const NAMES = ['m1', 'm2', 'w1'];
const STEPS = ['begun', 'handed-over', 'dropped'];

/** A folder that says what hosts are to have, and hosts that have it or not. */
function rotation(taken?: string, has = taken ?? 'none') {
  const hosts: MemoryHost[] = NAMES.map((name) => memoryHost(name, { trust: has, healthy: 'yes' }));
  const told: string[] = [];
  const stop = new AbortController();
  let folder = taken ?? 'none';
  const run = play(
    hosts,
    () => [
      stage('trust', NAMES, {
        batch: 'rolling',
        resources: () => [cell('trust', folder)],
        gates: (host) => [gate(host)],
      }),
    ],
    { stop: stop.signal, essential: (host) => host !== 'w1' },
  );
  const words = (): string => hosts.map((host) => host.words.get('trust')).join(' ');
  const steps: RotationStep[] = STEPS.map((id, index) => ({
    planned: { id, title: id, hosts: NAMES, destroys: null },
    taken: index <= STEPS.indexOf(taken ?? ''),
    before: () => void told.push(`before ${id}: ${words()}`) as unknown as Promise<void>,
    behind: () => void told.push(`behind ${id}: ${words()}`) as unknown as Promise<void>,
    take: () => {
      folder = id;
      return Promise.resolve();
    },
    after: () => void told.push(`after ${id}: ${words()}`) as unknown as Promise<void>,
  }));
  return {
    hosts,
    told,
    stop,
    steps,
    words,
    folder: () => folder,
    async go(from = 0) {
      await look(run.fleet, run.goal);
      await runRotation({ fleet: run.fleet, goal: run.goal, stop: stop.signal }, steps.slice(from));
    },
  };
}

const all = (word: string): string => NAMES.map(() => word).join(' ');

describe('a rotation', () => {
  it('brings all hosts to a step before the next is taken', async () => {
    const run = rotation();
    await run.go();
    expect(run.told).toEqual([
      `before begun: ${all('none')}`,
      `behind begun: ${all('none')}`,
      `after begun: ${all('begun')}`,
      `before handed-over: ${all('begun')}`,
      `behind handed-over: ${all('begun')}`,
      `after handed-over: ${all('handed-over')}`,
      `before dropped: ${all('handed-over')}`,
      `behind dropped: ${all('handed-over')}`,
      `after dropped: ${all('dropped')}`,
    ]);
  });

  it('has no host behind where all followed in an earlier run', async () => {
    const run = rotation('begun');
    run.steps.splice(1);
    await run.go();
    expect(run.told).toEqual([`after begun: ${all('begun')}`]);
  });

  it('goes on with a step that was taken, and does not take it again', async () => {
    const run = rotation('handed-over', 'begun');
    await run.go(1);
    expect(run.told).toEqual([
      `behind handed-over: ${all('begun')}`,
      `after handed-over: ${all('handed-over')}`,
      `before dropped: ${all('handed-over')}`,
      `behind dropped: ${all('handed-over')}`,
      `after dropped: ${all('dropped')}`,
    ]);
  });

  it('takes no step while a host has not got as far as the others', async () => {
    const run = rotation();
    run.hosts[2]!.before = (what) => {
      if (what === 'set trust begun') throw new BootstrapError('E_CONNECTION', 'w1 is gone');
    };
    await expect(run.go()).rejects.toEqual(coded('E_ROTATION_LOST'));
    expect([run.folder(), run.words()]).toEqual(['begun', 'begun begun none']);
    expect(run.told).toEqual([`before begun: ${all('none')}`, `behind begun: ${all('none')}`]);
  });

  it('takes no step behind a gate that does not hold', async () => {
    const run = rotation();
    run.hosts[0]!.after = (what) => {
      if (what === 'set trust begun') run.hosts[0]!.words.set('healthy', 'no');
    };
    await expect(run.go()).rejects.toEqual(coded('E_GATE'));
    expect([run.folder(), run.words()]).toEqual(['begun', 'begun none none']);
  });

  it('takes no step whose conditions do not hold', async () => {
    const run = rotation();
    run.steps[1] = {
      ...run.steps[1]!,
      before: () => Promise.reject(new BootstrapError('E_ROTATION_PODS', 'pods')),
    };
    await expect(run.go()).rejects.toEqual(coded('E_ROTATION_PODS'));
    expect([run.folder(), run.words()]).toEqual(['begun', all('begun')]);
  });

  it('ends between two steps when it is interrupted', async () => {
    const run = rotation();
    const after = (): Promise<void> => {
      run.stop.abort();
      return Promise.resolve();
    };
    run.steps[0] = { ...run.steps[0]!, after };
    await expect(run.go()).rejects.toEqual(coded('E_ABORTED'));
    expect([run.folder(), run.words()]).toEqual(['begun', all('begun')]);
  });
});

describe('the steps that are left', () => {
  it.each([
    [undefined, 'done', STEPS, 'done'],
    [undefined, 'begun', ['begun'], 'begun'],
    [undefined, 'handed-over', ['begun', 'handed-over'], 'handed-over'],
    ['begun', 'done', STEPS, 'done'],
    ['handed-over', 'done', ['handed-over', 'dropped'], 'done'],
    ['handed-over', 'begun', ['handed-over'], 'handed-over'],
    ['dropped', 'handed-over', ['dropped'], 'done'],
  ] as const)('after %s until %s', (taken, last, ids, reached) => {
    const found = leftUntil(last, rotation(taken).steps);
    expect([found.left.map(({ planned }) => planned.id), found.reached]).toEqual([ids, reached]);
  });
});
