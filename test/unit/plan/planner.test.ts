import { describe, expect, it } from 'vitest';
import { allChanges, isEmpty, orphansOf } from '../../../src/plan/plan.ts';
import { file } from '../../../src/resources/file.ts';
import { service } from '../../../src/resources/service.ts';
import { gate, stage } from '../../support/cells.ts';
import { type SeenSpec, observed } from '../../support/observed.ts';
import { makePlan, watchesOf } from '../../support/planning.ts';

const seen = (hosts: Readonly<Record<string, SeenSpec>>): Map<string, ReturnType<typeof observed>> =>
  new Map(Object.entries(hosts).map(([name, spec]) => [name, observed(spec)]));

const a = file({ path: '/etc/a', content: 'a' });
const b = file({ path: '/etc/b', content: 'b' });
const runs = service({ unit: 'x.service', restartOn: ['file:/etc/a'], inputs: ['/etc/a'] });

describe('makePlan', () => {
  it('lists what is off, by hosts, in the order of stages and resources', () => {
    const stages = [
      stage('one', ['m1', 'm2'], { resources: () => [a, b] }),
      stage('two', ['m2'], { resources: () => [runs] }),
    ];
    const good = {
      files: { '/etc/a': { content: 'a' }, '/etc/b': { content: 'b' } },
      units: { 'x.service': {} },
    };
    const plan = makePlan(stages, seen({ m1: good, m2: { ...good, files: {} } }));
    expect(
      allChanges(plan).map(
        ({ phase, host, planned }) => `${phase} ${host} ${planned.id} ${planned.change.kind}`,
      ),
    ).toEqual(['one m2 file:/etc/a create', 'one m2 file:/etc/b create', 'two m2 service:x.service restart']);
    expect(isEmpty(plan)).toBe(false);
    expect(isEmpty(makePlan(stages, seen({ m1: good, m2: good })))).toBe(true);
  });

  it('lets a change of an earlier stage restart what reads it, on the same host only', () => {
    const stages = [
      stage('one', ['m1'], { resources: () => [a] }),
      stage('two', ['m1', 'm2'], { resources: () => [runs] }),
    ];
    const plan = makePlan(
      stages,
      seen({ m1: { units: { 'x.service': {} } }, m2: { units: { 'x.service': {} } } }),
    );
    expect(allChanges(plan).map(({ host, planned }) => `${host} ${planned.id}`)).toEqual([
      'm1 file:/etc/a',
      'm1 service:x.service',
    ]);
  });

  it('says nothing of hosts that were not seen', () => {
    const plan = makePlan([stage('one', ['m1', 'm2'], { resources: () => [a] })], seen({ m2: {} }));
    expect(allChanges(plan).map(({ host }) => host)).toEqual(['m2']);
  });

  it('is plain data', () => {
    const plan = makePlan([stage('one', ['m1'], { resources: () => [a, runs] })], seen({ m1: {} }));
    expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
  });

  it('refuses a stage that wants one thing twice', () => {
    expect(() => makePlan([stage('one', ['m1'], { resources: () => [a, b, a] })], seen({ m1: {} }))).toThrow(
      expect.objectContaining({
        code: 'E_BUG',
        message: expect.stringContaining('file:/etc/a twice on m1') as string,
      }),
    );
  });

  describe('orphans', () => {
    const manifest = (lines: string): SeenSpec => ({
      files: {
        '/var/lib/k8s-bootstrap/manifest': { content: lines },
        '/etc/a': { content: 'a' },
      },
    });

    it('are what the manifest names and no stage of the host owns', () => {
      const stages = [
        stage('one', ['m1'], { resources: () => [a] }),
        stage('two', ['m2'], { resources: () => [b] }),
      ];
      const text = 'x\t/etc/a\tone\nx\t/etc/b\tone\ndirectory\t/etc/d\told\n';
      const plan = makePlan(stages, seen({ m1: manifest(text), m2: manifest(text) }));
      expect(orphansOf(plan).map(({ host, path }) => `${host} ${path}`)).toEqual([
        'm1 /etc/b',
        'm1 /etc/d',
        'm2 /etc/a',
        'm2 /etc/d',
      ]);
    });

    it('are none where there is no manifest', () => {
      expect(orphansOf(makePlan([], seen({ m1: {}, m2: manifest('') })))).toEqual([]);
    });
  });
});

describe('watchesOf', () => {
  it('asks where it is to be looked: a gate of one host may look on another', () => {
    const stages = [stage('one', ['m1', 'w1'], { resources: () => [a], gates: () => [gate('m1', 'ready')] })];
    const watches = watchesOf(stages);
    expect([...watches.keys()].toSorted()).toEqual(['m1', 'w1']);
    expect(watches.get('w1')?.map(({ key }) => key)).toEqual(['/etc/a']);
    expect(watches.get('m1')?.filter(({ key }) => key === 'ready')).toHaveLength(2);
  });
});
