import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Watch } from '../../../src/probe/observe.ts';
import { group } from '../../../src/probe/probe.ts';
import { type OpenExample, openExample } from '../../support/example-cluster.ts';

const worker = (number: number, more = ''): string =>
  `  - {name: x${number}, address: 192.0.2.${100 + number}, roles: [worker]${more}}\n`;

/** The course's cluster with workers more than send their table of routes, the last of which has a sysctl of its own. */
const edit = (text: string): string =>
  text.replace(
    /^hosts:\n/m,
    (line) =>
      line +
      [1, 2, 3, 4, 5, 6, 7].map((n) => worker(n)).join('') +
      worker(8, ", sysctls: {vm.swappiness: '1'}"),
  );

const keys = (watches: readonly Watch[]): string[] =>
  Object.values(group(watches))
    .flatMap((some) => some.map((watch) => JSON.stringify(watch)))
    .toSorted();

describe('the first look', () => {
  let one: OpenExample;
  let other: OpenExample;
  beforeAll(async () => {
    one = await openExample({ name: 'course', inventory: 'course.yaml', family: 'centos', edit });
    other = await openExample({ name: 'course', inventory: 'course.yaml', family: 'centos', edit });
  });
  afterAll(async () => {
    await one.close();
    await other.close();
  });

  it('is one list for workers that differ in their names and addresses', () => {
    expect(one.cluster.watches('x7')).toBe(one.cluster.watches('x6'));
    expect(one.cluster.watches('x7')).not.toBe(one.cluster.watches('x1'));
  });

  it('of one of them is what it would be made for it alone', () => {
    expect(keys(one.cluster.watches('x7'))).toEqual(keys(other.cluster.watches('x7')));
  });

  it('asks a worker with a setting of its own about that', () => {
    const sysctls = (host: string): string[] => group(one.cluster.watches(host)).sysctl.map(({ key }) => key);
    expect(sysctls('x8')).toContain('vm.swappiness');
    expect(sysctls('x7')).not.toContain('vm.swappiness');
  });
});
