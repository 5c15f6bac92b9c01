import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { BootstrapError } from '../../../src/kernel/errors.ts';
import type { Stage } from '../../../src/plan/stage.ts';
import type { Resource } from '../../../src/resources/resource.ts';
import { cell, gate, journal, play, stage } from '../../support/cells.ts';
import { type MemoryHost, memoryHost } from '../../support/memory-host.ts';

const quorum = (members: number): number => Math.floor(members / 2) + 1;

/** Members of something that needs a quorum: a changed word restarts them, and they come back unless told otherwise. */
function members(
  healthy: readonly boolean[],
  {
    stays = [] as readonly string[],
    lost = [] as readonly string[],
    joining = [] as readonly string[],
    wanted = undefined as readonly string[] | undefined,
    batch = undefined as Stage['batch'] | undefined,
    mustStand = quorum,
    patience = 0.3,
  } = {},
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
  for (const host of hosts) if (wanted && !wanted.includes(host.name)) host.words.set('a', '1');
  const stages = [
    stage('store', names, {
      batch: batch ?? 'rolling',
      mustStand,
      joins: (host) => joining.includes(host),
      resources: () => [cell('a', '1')],
      gates: (host) => [gate(host, 'healthy', patience)],
    }),
    stage('next', names, { resources: () => [cell('b', '2')] }),
  ];
  return { hosts, stages };
}

interface Row {
  readonly stands: 'quorum' | 'one' | 'canary';
  readonly members: readonly ('up' | 'down' | 'off' | 'join')[];
  readonly wanted?: readonly string[];
  readonly sick?: readonly string[];
  readonly patience?: number;
}

interface Case extends Row {
  readonly name: string;
  readonly groups: string;
  readonly refused?: string;
}

const file = new URL('../../cases/rolling/groups.yaml', import.meta.url);
const cases = load(readFileSync(file, 'utf8')) as readonly Case[];

const table = ({ stands, members: states, wanted, sick, patience }: Row): ReturnType<typeof members> =>
  members(
    states.map((state) => state === 'up'),
    {
      lost: states.flatMap((state, index) => (state === 'off' ? [`m${index + 1}`] : [])),
      joining: states.flatMap((state, index) => (state === 'join' ? [`m${index + 1}`] : [])),
      ...(wanted && { wanted }),
      ...(sick && { stays: sick }),
      ...(patience !== undefined && { patience }),
      batch: stands === 'canary' ? 'canary' : 'rolling',
      mustStand: stands === 'quorum' ? quorum : () => 1,
    },
  );

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
      gated = false;
    } else gated ||= line.endsWith(': probe');
  }
  return { groups: groups.map((group) => group.toSorted().join('+')).join(' '), error };
}

describe('a rolling stage', () => {
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

  it.each(cases)('of $name goes as the table says', async (row) => {
    const { hosts, stages } = table(row);
    const { groups, error } = await order(hosts, stages);
    expect(groups).toBe(row.groups);
    expect(error instanceof BootstrapError ? `${error.code} ${error.where.host}` : error).toBe(row.refused);
  });

  it('leaves enough of them standing whatever happens, and takes one healthy one at a time', async () => {
    const state = fc.constantFrom('up' as const, 'down' as const, 'off' as const);
    const member = fc.record({ state, wanted: fc.boolean(), sick: fc.boolean() });
    const any = fc.record({ all: fc.array(member, { minLength: 1, maxLength: 7 }), quorate: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(any, async ({ all, quorate }) => {
        const named = (what: 'wanted' | 'sick'): string[] =>
          all.flatMap((one, index) => (one[what] ? [`m${index + 1}`] : []));
        const { hosts, stages } = table({
          stands: quorate ? 'quorum' : 'one',
          members: all.map((one) => one.state),
          wanted: named('wanted'),
          sick: named('sick'),
          patience: 0,
        });
        const must = Math.min(stages[0]!.mustStand(hosts.length), hosts.length - 1);
        const wrong: string[] = [];
        const well = (): MemoryHost[] =>
          hosts.filter(({ words }, index) => all[index]!.state !== 'off' && words.get('healthy') === 'yes');
        for (const host of hosts) {
          const { before } = host;
          host.before = (what) => {
            const healthy = well();
            if (what === 'set a 1' && healthy.includes(host) && healthy.length - 1 < must) {
              wrong.push(`${host.name} went down`);
            }
            return before(what);
          };
        }
        await order(hosts, [stages[0]!]);
        expect(wrong).toEqual([]);
      }),
      { numRuns: 50 },
    );
  });

  it('looks at the others before it takes one down: what was seen at the start may not hold any more', async () => {
    const { hosts, stages } = members([true, true, true]);
    const { before } = hosts[2]!;
    let looks = 0;
    hosts[2]!.before = (what) => {
      // The first two looks are before the lock and under it.
      if (what === 'probe' && (looks += 1) > 2) hosts[2]!.words.set('healthy', 'no');
      return before(what);
    };
    const { groups, error } = await order(hosts, stages);
    expect(groups).toBe('');
    expect(error).toMatchObject({ code: 'E_TOO_FEW_STAND', where: { host: 'm1' } });
  });

  it('does not take two for down that answered slowly once', async () => {
    const { hosts, stages } = members([true, true, true]);
    for (const host of hosts) {
      const { before } = host;
      let looks = 0;
      host.before = (what) => {
        if (what === 'probe') host.words.set('healthy', (looks += 1) === 2 ? 'no' : 'yes');
        return before(what);
      };
    }
    expect((await order(hosts, stages)).groups).toBe('m1 m2 m3');
  });

  it('waits for one that is not well for a moment, and says so', async () => {
    const { hosts, stages } = members([true, true, true], { patience: 3 });
    const { before } = hosts[2]!;
    let looks = 0;
    hosts[2]!.before = (what) => {
      // The first two looks are before the lock and under it.
      if (what === 'probe') hosts[2]!.words.set('healthy', (looks += 1) === 3 ? 'no' : 'yes');
      return before(what);
    };
    const run = play(hosts, [stages[0]!]);
    await run.up();
    expect(hosts.map(({ words }) => words.get('a'))).toEqual(['1', '1', '1']);
    expect(run.events).toContainEqual(expect.objectContaining({ type: 'gate.waiting', host: 'm1' }));
  });

  it('does not take for well what is so at every third look', async () => {
    const { hosts, stages } = members([true, true, true], { patience: 5 });
    const { before } = hosts[2]!;
    let looks = 0;
    hosts[2]!.before = (what) => {
      if (what === 'probe')
        hosts[2]!.words.set('healthy', (looks += 1) < 3 || looks % 3 === 0 ? 'yes' : 'no');
      // The first two looks are before the lock and under it.
      if (what === 'probe' && looks === 3) hosts[2]!.words.set('healthy', 'no');
      return before(what);
    };
    const { groups, error } = await order(hosts, [stages[0]!]);
    expect(groups).toBe('');
    expect(error).toMatchObject({ code: 'E_TOO_FEW_STAND' });
  });

  it('counts a host that has left the run as down, however well it was', async () => {
    const { hosts, stages } = members([true, true, true]);
    const early = stage('early', ['m3'], { resources: () => [cell('c', '1')] });
    hosts[2]!.before = (what) => {
      if (what === 'set c 1') throw new BootstrapError('E_CONNECTION_LOST', 'gone');
    };
    const run = play(hosts, [early, stages[0]!], { essential: () => false });
    await run.up().catch(() => undefined);
    expect(hosts.map(({ words }) => words.get('a'))).toEqual([undefined, undefined, undefined]);
  });

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

  it('takes no healthy one down while a host that cannot be reached makes the others too few', async () => {
    const { hosts, stages } = members([true, true, true], { lost: ['m3'] });
    const { groups, error } = await order(hosts, stages);
    expect(groups).toBe('');
    expect(error).toMatchObject({ code: 'E_TOO_FEW_STAND', where: { host: 'm1', phase: 'store' } });
    expect((error as Error).message).toContain('only 1 of 3 would stand, and 2 must');
  });
});

describe('a plan', () => {
  /** Restarts what runs. */
  const restart: Resource = {
    ...cell('a', '1'),
    diff: () => ({ kind: 'restart', summary: 'restart', because: [], interrupts: true }),
  };

  it.each([
    ['quorum', 1, true],
    ['quorum', 2, true],
    ['quorum', 3, false],
    ['one', 1, true],
    ['one', 2, false],
    ['none', 1, false],
  ])(
    'of a stage of which %s must stand says whether any of %i is missed: %s',
    async (stands, count, missed) => {
      const names = Array.from({ length: count }, (_, index) => `m${index + 1}`);
      const must = stands === 'one' ? 1 : 0;
      const one = stage('store', names, {
        mustStand: stands === 'quorum' ? quorum : () => must,
        resources: () => [restart],
      });
      const run = play(
        names.map((name) => memoryHost(name)),
        [one],
      );
      await run.tell();
      const told = run.events.find((event) => event.type === 'plan.ready');
      expect(told?.summary.outages).toEqual(missed ? [{ unit: 'a', hosts: names }] : []);
    },
  );
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
