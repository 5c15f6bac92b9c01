import { describe, expect, it } from 'vitest';
import { BootstrapError } from '../../../src/kernel/errors.ts';
import type { Stage } from '../../../src/plan/stage.ts';
import { cell, gate, journal, play, stage } from '../../support/cells.ts';
import { type MemoryHost, memoryHost } from '../../support/memory-host.ts';

const quorum = (members: number): number => Math.floor(members / 2) + 1;

/** Members of something that needs a quorum: a changed word restarts them, and they come back unless told otherwise. */
function members(
  healthy: readonly boolean[],
  { stays = [] as readonly string[], lost = [] as readonly string[], mustStand = quorum } = {},
): { hosts: MemoryHost[]; stages: Stage[] } {
  const hosts = healthy.map((up, index) => memoryHost(`m${index + 1}`, { healthy: up ? 'yes' : 'no' }));
  for (const host of hosts) {
    host.after = () => host.words.set('healthy', stays.includes(host.name) ? 'no' : 'yes');
    host.before = (what) => {
      if (lost.includes(host.name)) throw new BootstrapError('E_CONNECTION_LOST', 'gone');
      if (what.startsWith('set')) host.words.set('healthy', 'no');
    };
  }
  const names = hosts.map(({ name }) => name);
  const stages = [
    stage('store', names, {
      batch: 'rolling',
      mustStand,
      resources: () => [cell('a', '1')],
      gates: (host) => [gate(host)],
    }),
    stage('next', names, { resources: () => [cell('b', '2')] }),
  ];
  return { hosts, stages };
}

/** The members in the order they were changed, those of one go in one word: `m3 m1+m2`. */
async function order(
  hosts: readonly MemoryHost[],
  stages: readonly Stage[],
): Promise<{ groups: string; error: unknown }> {
  const { lines } = journal(hosts);
  const run = play(hosts, stages);
  const error = await run.up().catch((thrown: unknown) => thrown);
  const from = lines.findIndex((line) => line.includes('apply'));
  const to = lines.findIndex((line) => line.includes('apply set b'));
  const groups: string[][] = [];
  let gated = true;
  for (const line of lines.slice(from, to < 0 ? undefined : to)) {
    if (line.includes('apply set a')) {
      if (gated) groups.push([]);
      groups.at(-1)?.push(line.split(':')[0] ?? '');
    }
    gated = line.endsWith(': probe');
  }
  return { groups: groups.map((group) => group.toSorted().join('+')).join(' '), error };
}

describe('a rolling stage', () => {
  it('takes healthy members one at a time, each behind its gate', async () => {
    const { hosts, stages } = members([true, true, true]);
    expect(await order(hosts, stages)).toEqual({ groups: 'm1 m2 m3', error: undefined });
  });

  it('never has two of them down at once', async () => {
    const { hosts, stages } = members([true, true, true, true, true]);
    let most = 0;
    for (const host of hosts) {
      const { after } = host;
      host.after = (what) => {
        most = Math.max(most, hosts.filter(({ words }) => words.get('healthy') === 'no').length);
        after(what);
      };
    }
    await play(hosts, [stages[0]!]).up();
    expect(most).toBe(1);
  });

  it('takes those that are down first and together: they take no service with them', async () => {
    const { hosts, stages } = members([true, false, true, false, true]);
    expect((await order(hosts, stages)).groups).toBe('m2+m4 m1 m3 m5');
  });

  it.each([
    ['at the first start', [false, false, false], 'm1+m2+m3'],
    ['on the morning after a power cut that left one', [true, false, false], 'm2+m3 m1'],
    ['of one member', [true], 'm1'],
    ['of one member that is down', [false], 'm1'],
    ['of two that need each other', [true, true], 'm1 m2'],
    ['of four with two down', [true, true, false, false], 'm3+m4 m1 m2'],
  ])(
    'starts what is down together, and the healthy ones afterwards one by one, %s',
    async (_, healthy, groups) => {
      const { hosts, stages } = members(healthy);
      expect((await order(hosts, stages)).groups).toBe(groups);
    },
  );

  it('stops at the first that does not come back, and goes no further', async () => {
    const { hosts, stages } = members([true, true, true], { stays: ['m2'] });
    const { groups, error } = await order(hosts, stages);
    expect(groups).toBe('m1 m2');
    expect(error).toMatchObject({ code: 'E_GATE', where: { host: 'm2', phase: 'store' } });
    expect(hosts.map(({ words }) => [words.get('a'), words.get('b')])).toEqual([
      ['1', undefined],
      ['1', undefined],
      [undefined, undefined],
    ]);
  });

  it('does not touch a healthy one while one that was down has not come back', async () => {
    const { hosts, stages } = members([true, true, false], { stays: ['m3'] });
    const { groups, error } = await order(hosts, stages);
    expect(groups).toBe('m3');
    expect(error).toMatchObject({ code: 'E_GATE', where: { host: 'm3' } });
    expect(hosts[0]!.words.get('a')).toBeUndefined();
  });

  it('takes no healthy one down while another, with nothing to do itself, is not well', async () => {
    const { hosts, stages } = members([false, true, true], { stays: ['m1'] });
    hosts[0]!.words.set('a', '1');
    const { groups, error } = await order(hosts, stages);
    expect(groups).toBe('');
    expect(error).toMatchObject({ code: 'E_GATE', where: { host: 'm1' } });
  });

  it('takes no healthy one down while a host that cannot be reached makes the others too few', async () => {
    const { hosts, stages } = members([true, true, true], { lost: ['m3'] });
    const { groups, error } = await order(hosts, stages);
    expect(groups).toBe('');
    expect(error).toMatchObject({ code: 'E_TOO_FEW_STAND', where: { host: 'm1', phase: 'store' } });
    expect((error as Error).message).toContain('only 1 of 3 would stand, and 2 must');
  });

  it('asks the stage how many that is: of three of which one is enough, one may be away', async () => {
    const { hosts, stages } = members([true, true, true], { lost: ['m3'], mustStand: () => 1 });
    expect(await order(hosts, stages)).toEqual({ groups: 'm1 m2', error: undefined });
  });

  it('of two of which one is enough, leaves the healthy one alone while the other does not come back', async () => {
    const { hosts, stages } = members([true, false], { stays: ['m2'], mustStand: () => 1 });
    const { groups, error } = await order(hosts, stages);
    expect(groups).toBe('m2');
    expect(error).toMatchObject({ code: 'E_GATE', where: { host: 'm2' } });
    expect(hosts[0]!.words.get('a')).toBeUndefined();
  });

  it('leaves out members with nothing to do, and counts them', async () => {
    const { hosts, stages } = members([true, true, true]);
    hosts[0]!.words.set('a', '1');
    expect((await order(hosts, stages)).groups).toBe('m2 m3');
  });
});

describe('a parallel stage', () => {
  it('takes all at once', async () => {
    const { hosts, stages } = members([true, true, true]);
    expect(
      (
        await order(
          hosts,
          stages.map((one) => ({ ...one, batch: 'parallel' as const })),
        )
      ).groups,
    ).toBe('m1+m2+m3');
  });
});
