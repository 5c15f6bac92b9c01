import { describe, expect, it } from 'vitest';
import { limited } from '../../../src/cluster/stages.ts';
import { converge, look } from '../../../src/run/converge.ts';
import { cell, gate, play, stage } from '../../support/cells.ts';
import { memoryHost } from '../../support/memory-host.ts';

const names = ['m1', 'm2', 'm3'];
const touches = (host: string): boolean => host === 'm1';

function limitedRun(words: Readonly<Record<string, string>>, mustStand = 0) {
  const hosts = names.map((name) =>
    memoryHost(name, { a: '0', healthy: 'yes', ...(name === 'm1' ? {} : words) }),
  );
  const whole = [
    stage('one', names, {
      batch: 'rolling',
      mustStand: () => mustStand,
      resources: (host) => [
        cell('a', '1'),
        ...(host === 'm2'
          ? [
              { ...cell('b', '1'), id: 'node:m1', about: 'm1' },
              { ...cell('c', '1'), id: 'node:m3', about: 'm3' },
            ]
          : []),
      ],
      gates: (host) => [gate(host)],
    }),
  ];
  return { hosts, ...play(hosts, limited(whole, ['m1']), { touches }) };
}

describe('a run that is limited to one host', () => {
  it('looks at all, changes that one and what is about it elsewhere, and nothing else', async () => {
    const { hosts, up } = limitedRun({});
    await up();
    expect(hosts.map(({ words }) => [words.get('a'), words.get('b'), words.get('c')])).toEqual([
      ['1', undefined, undefined],
      ['0', '1', undefined],
      ['0', undefined, undefined],
    ]);
    expect(hosts.every(({ log }) => log.includes('probe'))).toBe(true);
  });

  it('waits for nobody else to be well', async () => {
    const { hosts, up, fleet } = limitedRun({ healthy: 'no' });
    hosts[1]!.words.set('b', '1');
    await up();
    expect(hosts[0]!.words.get('a')).toBe('1');
    expect([...fleet.members.values()].map(({ failed }) => failed)).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('takes it down only while enough of the others stand', async () => {
    const { hosts, up } = limitedRun({ healthy: 'no' }, 2);
    hosts[1]!.words.set('b', '1');
    await expect(up()).rejects.toThrow(expect.objectContaining({ code: 'E_TOO_FEW_STAND' }) as Error);
    expect(hosts[0]!.words.get('a')).toBe('0');
  });

  it('has nothing left over on the others', async () => {
    const { fleet, goal } = limitedRun({});
    const plan = await look(fleet, goal);
    expect(plan.hosts.map(({ host }) => host)).toEqual(['m1', 'm2']);
    await converge(fleet, goal, plan, new AbortController().signal);
    expect((await look(fleet, goal)).hosts).toEqual([]);
  });
});
