import { describe, expect, it } from 'vitest';
import { statusOf } from '../../../../src/commands/etcd/status/status-report.ts';
import { memberState } from '../../../../src/phases/etcd/etcdctl.ts';
import { hostOf } from '../../phases/world.ts';
import { type Fares, etcdWorld } from './support.ts';

const status = (...fares: Fares[]) =>
  statusOf(
    etcdWorld(fares),
    fares.flatMap((one, index) => (one === 'away' ? [`m${index + 1}`] : [])),
  );

describe('etcd status', () => {
  it('is well when all are', () => {
    const { well, quorum, members, problems } = status('well', 'well', 'well');
    expect(problems).toEqual([]);
    expect(well).toBe(true);
    expect(quorum).toEqual({ members: 3, needed: 2, healthy: 3 });
    expect(members.map(({ role, lag, id }) => [role, lag, id])).toEqual([
      ['follower', 2, '11'],
      ['leader', 1, '22'],
      ['follower', 0, '33'],
    ]);
    expect(members[0]).toMatchObject({
      version: '3.3.11',
      size: { total: 90_000_000, inUse: 80_000_000, quota: 2_147_483_648 },
    });
  });

  it.each<[Fares, RegExp]>([
    ['gone', /^m3 has lost its data: bring back its disk, or k8s-bootstrap etcd replace m3$/],
    ['out', /^m3 was taken out, and has old data: k8s-bootstrap etcd replace m3$/],
    ['out without data', /^m3 is no member yet: k8s-bootstrap up lets it join$/],
    ['new', /^m3 was added and has not started: k8s-bootstrap up$/],
    ['down', /^m3 is not healthy: k8s-bootstrap logs etcd m3$/],
    ['away', /^m3 could not be asked$/],
    ['wasteful', /^60 % of the database of m3 is empty: k8s-bootstrap etcd defrag gives it back$/],
    ['full', /^m3 has raised NOSPACE: the database is full/],
  ])('of one that is %s says what to do', (fares, expected) => {
    expect(status('well', 'well', fares).problems).toContainEqual(expect.stringMatching(expected));
  });

  it('says first that there is no quorum', () => {
    expect(status('well', 'down', 'gone').problems[0]).toBe(
      'no quorum: 1 of 3 members are healthy, and 2 must be',
    );
  });
});

it('an answer that is not wholly of the known form is none', () => {
  const world = etcdWorld(['well', 'well', 'well']);
  const m1 = hostOf(world, 'm1');
  const saying = (change: (output: string) => string): unknown => {
    const seen = world.seen('m1')!;
    const answer = (key: string) => {
      const said = seen.answer(key);
      return key === 'etcd-status' && said ? { ...said, output: change(said.output) } : said;
    };
    return memberState({ ...world, seen: () => ({ ...seen, answer }) }, m1);
  };
  expect(saying((output) => output)).toMatchObject({ id: '11', leader: '22', revision: 700 });
  expect(saying((output) => output.replace('"leader":34', '"leader":0'))).toMatchObject({
    leader: undefined,
  });
  const big = saying((output) => output.replace('"member_id":17', '"member_id":18446744073709551615'));
  expect(big).toMatchObject({ id: 'ffffffffffffffff' });
  for (const [from, to] of [
    ['3.3.11', '3.3.11"; rm -rf /'],
    ['"dbSize":90000000', '"dbSize":"many"'],
    ['[', ''],
    ['"member_id":17', '"member_id":-17'],
  ] as const) {
    expect(saying((output) => output.replace(from, to))).toBeUndefined();
  }
});
