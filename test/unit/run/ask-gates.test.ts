import { describe, expect, it } from 'vitest';
import { askGates, standing } from '../../../src/run/gates.ts';
import { gate, play, stage } from '../../support/cells.ts';
import { memoryHost } from '../../support/memory-host.ts';

const names = ['m1', 'm2', 'm3'];

describe('what gates look at', () => {
  it('is asked where nobody has asked it yet, each host once, and no more', async () => {
    const hosts = names.map((name) => memoryHost(name, { healthy: 'yes', dns: 'yes', addons: 'yes' }));
    const run = play(hosts, [stage('one', names, { gates: (host) => [gate(host)] })]);
    await run.up();
    const later = stage('two', ['m1', 'm3'], {
      gates: (host) => [gate(host), gate('m2', 'dns'), gate('m2', 'addons')],
    });
    const missing = (): (string | undefined)[] => later.gates('m1').map((one) => standing(run.fleet, one));
    expect(missing()).toEqual([undefined, 'dns is unknown', 'addons is unknown']);
    await askGates(run.fleet, [later]);
    expect(missing()).toEqual([undefined, undefined, undefined]);
    await askGates(run.fleet, [later]);
    expect(hosts.map(({ log }) => log.filter((line) => line === 'probe').length)).toEqual([1, 2, 1]);
  });
});
