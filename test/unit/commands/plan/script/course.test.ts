import { describe, expect, it } from 'vitest';
import { type Course, courseOf } from '../../../../../src/commands/plan/script/course.ts';
import type { Gate, Stage } from '../../../../../src/plan/stage.ts';
import type { Change, Resource } from '../../../../../src/resources/resource.ts';
import { stage } from '../../../../support/cells.ts';
import { observed } from '../../../../support/observed.ts';

const HOSTS = ['a', 'b', 'c'];
const hosts = new Map(HOSTS.map((name) => [name, observed({})]));

const changing = (change: Change = { kind: 'create', summary: '' }): Resource => ({
  id: 'x',
  title: 'x',
  watches: [],
  diff: () => change,
  steps: () => [],
});

/** A gate on each host; `up` are those on which it holds. */
const gate =
  (up: readonly string[], at = (host: string) => host) =>
  (host: string): Gate[] => [
    {
      title: `${host} works`,
      at: at(host),
      watches: [],
      judge: () => (up.includes(host) ? undefined : 'down'),
      condition: 'asked by hand',
      timeoutSeconds: 1,
      units: [],
    },
  ];

const all = (id: string, more: Partial<Stage> = {}): Stage =>
  stage(id, HOSTS, { resources: () => [changing()], ...more });

const course = (...stages: Stage[]): Course =>
  courseOf({ stages, seen: hosts, real: hosts, touches: () => true });

/** `one+two: a b, wait a`: a line for each step. */
const told = ({ steps }: Course): string[] =>
  steps.map(({ phases, work, waits }) =>
    [
      `${phases.map(({ id }) => id).join('+')}: ${work.map(({ host }) => host).join(' ')}`,
      ...waits.map(({ at, gates }) => `wait ${at} ${gates.map(({ of }) => of).join(' ')}`),
    ].join(', '),
  );

describe('the course of a plan', () => {
  it('takes together what nobody waits for, host by host', () => {
    const found = course(all('one'), stage('two', ['b'], { resources: () => [changing()] }), all('three'));
    expect(told(found)).toEqual(['one+two+three: a b c']);
    expect(found.steps[0]?.work.map(({ phases }) => phases.map(({ phase }) => phase))).toEqual([
      ['one', 'three'],
      ['one', 'two', 'three'],
      ['one', 'three'],
    ]);
  });

  it('lets those that are down go together, and those that work one by one, each with its gates behind', () => {
    const rolling = { batch: 'rolling', mustStand: () => 2 } as const;
    expect(told(course(all('etcd', { ...rolling, gates: gate([]) })))).toEqual([
      'etcd: a b c, wait a a, wait b b, wait c c',
    ]);
    expect(told(course(all('etcd', { ...rolling, gates: gate(['a', 'c']) })))).toEqual([
      'etcd: b, wait b b',
      'etcd: a, wait a a',
      'etcd: c, wait c c',
    ]);
    const canary = all('kubelet', { batch: 'canary', gates: gate(HOSTS) });
    expect(told(course(canary))).toEqual(['kubelet: a, wait a a', 'kubelet: b c, wait b b, wait c c']);
  });

  it('waits where a gate is asked, for all that are asked for there', () => {
    expect(told(course(all('nodes', { gates: gate([], () => 'a') })))).toEqual([
      'nodes: a b c, wait a a b c',
    ]);
  });

  it('waits for what does not work though nothing is to be done there, and for nothing else', () => {
    const idle = { resources: () => [] };
    expect(told(course(all('verify', { ...idle, gates: gate(['a', 'c']) })))).toEqual(['verify: , wait b b']);
    expect(told(course(all('verify', { ...idle, gates: gate(HOSTS) })))).toEqual([]);
  });

  it('ends before what is not known, and says what it would take', () => {
    const unknown = { kind: 'unknown', summary: '', waitsFor: 'package docker' } as const;
    const runtime = all('runtime', { resources: (host) => [changing(host === 'b' ? unknown : undefined)] });
    const found = course(all('one'), runtime, all('three'));
    expect(told(found)).toEqual(['one: a b c']);
    expect(found.rest).toEqual({ title: 'runtime', waitsFor: 'package docker' });
  });

  it('lets one member join, and ends before the second, who is told by those that are there', () => {
    const joins = all('etcd', { batch: 'rolling', joins: (host) => host !== 'a', gates: gate(['a']) });
    const found = course(joins, all('next'));
    expect(told(found)).toEqual(['etcd: b, wait b b']);
    expect(found.rest?.waitsFor).toMatch(/joins first/);
  });
});
