import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contains, parseCidr, subnets } from '../../../../src/kernel/cidr.ts';
import { podRanges } from '../../../../src/phases/network/pod-ranges.ts';
import { type Sight, hostSaying, textFile, worldOf } from '../world.ts';

const POD_CIDR = '10.244.0.0/22';
const NAMES = ['m1', 'w1', 'w2'];

const ranges = (seen: Record<string, Sight | undefined>): Record<string, string> =>
  Object.fromEntries(podRanges(worldOf({ inventory: { network: { podCIDR: POD_CIDR } }, seen })));
const having = (range: string, ...routes: string[]): Sight => ({
  facts: hostSaying('centos', { cni: ['', `"subnet": "${range}"`] }),
  files: {
    '/etc/kubernetes/pod-routes': textFile(['pods 10.244.0.0/22', ...routes, ''].join('\n')),
  },
});
const route = (to: string, via: string): string => `${to} ${via}`;

describe('pod ranges', () => {
  it('are the lowest ones on fresh hosts', () => {
    expect(ranges({})).toEqual({ m1: '10.244.0.0/24', w1: '10.244.1.0/24', w2: '10.244.2.0/24' });
  });

  it('stay with their node, whatever its place in the inventory', () => {
    expect(ranges({ w2: having('10.244.0.0/24') })).toEqual({
      w2: '10.244.0.0/24',
      m1: '10.244.1.0/24',
      w1: '10.244.2.0/24',
    });
  });

  it('are given anew when two nodes have the same', () => {
    const given = ranges({ w1: having('10.244.3.0/24'), w2: having('10.244.3.0/24') });
    expect(given).toMatchObject({ w1: '10.244.3.0/24', w2: '10.244.1.0/24' });
  });

  it.each([
    '10.245.0.0/24',
    '10.244.1.0/25',
    '10.244.1.7/24',
    'nonsense',
    "10.244.1.0/24/'; touch /PWNED; exit 0; '",
    '10.244.1.0/24/24',
  ])('are given anew instead of %s', (range) => {
    expect(ranges({ m1: having(range) })['m1']).toBe('10.244.0.0/24');
  });

  it('are no node’s that claims those of another', () => {
    const table = [route('10.244.0.0/24', '192.0.2.11'), route('10.244.1.0/24', '192.0.2.12')];
    const given = ranges({
      m1: having('10.244.0.0/24', ...table, route('10.244.2.0/24', '192.0.2.13')),
      w1: having('10.244.2.0/24', route('10.244.2.0/24', '192.0.2.12')),
      w2: having('10.244.2.0/24'),
    });
    expect(given).toEqual({ m1: '10.244.0.0/24', w1: '10.244.1.0/24', w2: '10.244.2.0/24' });
  });

  it('of an unreachable node are known from the routes of another', () => {
    const given = ranges({
      m1: undefined,
      w1: having('10.244.1.0/24', route('10.244.0.0/24', '192.0.2.11')),
      w2: {},
    });
    expect(given).toEqual({ m1: '10.244.0.0/24', w1: '10.244.1.0/24', w2: '10.244.2.0/24' });
  });

  it('of reinstalled and unreachable nodes are told apart by their addresses', () => {
    const w1 = having(
      '10.244.1.0/24',
      route('10.244.3.0/24', '192.0.2.13'),
      route('10.244.2.0/24', '192.0.2.11'),
    );
    expect(ranges({ m1: undefined, w1, w2: {} })).toEqual({
      m1: '10.244.2.0/24',
      w1: '10.244.1.0/24',
      w2: '10.244.3.0/24',
    });
  });

  it('are not read from other routes over a node', () => {
    expect(
      ranges({
        w1: having(
          '10.244.1.0/24',
          route('172.16.0.0/12', '192.0.2.11'),
          route('10.244.3.0/24', '192.0.2.11'),
        ),
      })['m1'],
    ).toBe('10.244.3.0/24');
  });

  it('of an unreachable node are known from its object', () => {
    const items = [{ metadata: { name: 'w2' }, spec: { podCIDR: '10.244.0.0/24' } }];
    const nodes = { status: 200, body: { items } };
    const given = ranges({ m1: { objects: { '/api/v1/nodes': nodes } }, w1: {}, w2: undefined });
    expect(given).toEqual({ m1: '10.244.1.0/24', w1: '10.244.2.0/24', w2: '10.244.0.0/24' });
  });

  it('run out with an error', () => {
    const world = worldOf({ inventory: { network: { podCIDR: '10.244.0.0/23' } } });
    expect(() => podRanges(world)).toThrow(expect.objectContaining({ code: 'E_POD_RANGES' }));
  });

  it('are distinct, inside podCIDR, kept where valid, and the same when seen again', () => {
    const some = fc.option(fc.constantFrom(...subnets(POD_CIDR, 24), '10.99.0.0/24'), { nil: undefined });
    fc.assert(
      fc.property(fc.tuple(some, some, some), (own) => {
        const seen = Object.fromEntries(
          NAMES.map((name, index) => [name, own[index] === undefined ? {} : having(own[index])]),
        );
        const given = ranges(seen);
        expect(new Set(Object.values(given)).size).toBe(NAMES.length);
        for (const range of Object.values(given)) {
          expect(contains(parseCidr(POD_CIDR), range.split('/')[0]!)).toBe(true);
        }
        NAMES.forEach((name, index) => {
          const mine = own[index];
          const alone = own.filter((range) => range === mine).length === 1;
          if (mine !== undefined && alone && mine.startsWith('10.244.')) expect(given[name]).toBe(mine);
        });
        expect(ranges(Object.fromEntries(NAMES.map((name) => [name, having(given[name]!)])))).toEqual(given);
      }),
    );
  });
});
