import { describe, expect, it } from 'vitest';
import { timePhase } from '../../../../src/phases/host/time.ts';
import { observed } from '../../../support/observed.ts';
import { hostOf, hostSaying, worldOf } from '../world.ts';

const inventory = { os: { timeServers: ['ntp1.example.com', '192.0.2.1'] } };

describe('time servers', () => {
  it('are asked by every host, and left to the hosts where none is named', () => {
    expect(timePhase.hosts(worldOf({ inventory })).map(({ name }) => name)).toEqual(['m1', 'w1', 'w2']);
    expect(timePhase.hosts(worldOf())).toEqual([]);
  });

  it.each([
    ['centos', 'file:/etc/chrony.conf', 'service:chronyd.service'],
    ['debian', 'file:/etc/chrony/chrony.conf', 'service:chrony.service'],
  ] as const)('stand where the package of %s looks', (family, config, service) => {
    const world = worldOf({ inventory, seen: { w1: { facts: hostSaying(family, {}) } } });
    const resources = timePhase.resources(world, hostOf(world, 'w1'));
    expect(resources.map(({ id }) => id)).toEqual(expect.arrayContaining(['packages', config, service]));
    const change = resources.find(({ id }) => id === config)?.diff(observed({}), new Map());
    expect(change && 'text' in change ? change.text.after : '').toMatch(
      /^server ntp1\.example\.com iburst\nserver 192\.0\.2\.1 iburst\ndriftfile /m,
    );
  });

  it('restart chrony when they change', () => {
    const world = worldOf({ inventory });
    const service = timePhase.resources(world, hostOf(world, 'w1')).at(-1)!;
    const running = observed({ units: { 'chronyd.service': {} } });
    expect(service.diff(running, new Map()).kind).toBe('none');
    const changed = new Map([['file:/etc/chrony.conf', { kind: 'update', summary: '' } as const]]);
    expect(service.diff(running, changed).kind).toBe('restart');
  });
});
