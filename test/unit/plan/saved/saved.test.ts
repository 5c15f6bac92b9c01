import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Secret } from '../../../../src/kernel/secret.ts';
import { keyed, savedHost } from '../../../../src/plan/saved/digests.ts';
import { moved } from '../../../../src/plan/saved/moved.ts';
import {
  type SavedHost,
  hostPlanned,
  planJsonSchema,
  planReady,
  savedPlan,
} from '../../../../src/plan/saved/plan-schema.ts';
import { binary } from '../../../../src/resources/binary.ts';
import { bytes } from '../../../../src/resources/content.ts';
import { file } from '../../../../src/resources/file.ts';
import { service } from '../../../../src/resources/service.ts';
import { kubeObject } from '../../../../src/resources/cluster/object.ts';
import { keptPlan, look } from '../../../../src/run/converge.ts';
import { cell, gate, play, stage } from '../../../support/cells.ts';
import { memoryHost } from '../../../support/memory-host.ts';
import { type SeenSpec, observed } from '../../../support/observed.ts';
import { makePlan } from '../../../support/planning.ts';

const KEY = new Secret(randomBytes(32).toString('base64'));

const API = '/api/v1/namespaces/a';
const stages = [
  stage('one', ['m1'], {
    resources: () => [
      file({ path: '/etc/a', content: 'a' }),
      file({ path: '/etc/key', content: 'very secret', secret: true }),
      service({ unit: 'x.service', restartOn: ['file:/etc/a'], inputs: ['/etc/a'] }),
      kubeObject(
        API,
        { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'a', labels: { a: 'b' } } },
        'kubectl',
      ),
    ],
  }),
];

const namespace = (more: object): NonNullable<SeenSpec['objects']> => ({
  [API]: {
    status: 200,
    body: { metadata: { name: 'a', resourceVersion: '1', ...more }, status: { phase: 'Active' } },
  },
});

const before: SeenSpec = {
  files: { '/etc/a': { digestOf: 'old' }, '/etc/key': { secretOf: 'old secret' } },
  units: { 'x.service': {} },
  objects: namespace({}),
};

function kept(spec: SeenSpec, key = KEY): SavedHost {
  const seen = observed(spec);
  const [plan] = makePlan(stages, new Map([['m1', seen]])).hosts;
  return savedHost(stages, seen, plan ?? { host: 'm1', phases: [], orphans: [] }, key);
}

describe('a plan that was kept', () => {
  it('is of other programs and secrets than those that are wanted by now, though it shows neither', () => {
    const program = '/usr/local/bin/x';
    const of = (secret: string, sha256: string): SavedHost => {
      const wanted = [
        file({ path: '/etc/key', content: secret, secret: true }),
        binary({ path: program, sha256, from: 'x v1', source: () => Promise.resolve(bytes('')) }),
      ];
      const own = [stage('one', ['m1'], { resources: () => wanted })];
      const seen = observed({ files: { '/etc/key': { secretOf: 'old' }, [program]: { digestOf: 'old' } } });
      const [plan] = makePlan(own, new Map([['m1', seen]])).hosts;
      return savedHost(own, seen, plan!, KEY);
    };
    const agreed = of('secret 1', 'a'.repeat(64));
    expect(moved([agreed], [of('secret 1', 'a'.repeat(64))])).toEqual([]);
    expect(moved([agreed], [of('secret 2', 'a'.repeat(64))])).toEqual(['m1: /etc/key is not as it was']);
    expect(moved([agreed], [of('secret 1', 'b'.repeat(64))])).toEqual([`m1: ${program} is not as it was`]);
    expect(JSON.stringify(agreed)).not.toContain('a'.repeat(64));
  });

  const plan = kept(before);

  it('holds no text and no digest that can be made without the key', () => {
    const text = JSON.stringify(plan);
    expect(text).not.toMatch(/"text"|toBeShown|secret"/);
    const digests = plan.phases.flatMap(({ changes }) => changes.map(({ was }) => was));
    const others = kept(before, new Secret(randomBytes(32).toString('base64')));
    expect(digests).toHaveLength(4);
    expect(
      others.phases
        .flatMap(({ changes }) => changes.map(({ was }) => was))
        .filter((was) => digests.includes(was)),
    ).toEqual([]);
  });

  it.each<[string, SeenSpec, string[]]>([
    ['nothing', before, []],
    [
      'what the API server counts by itself',
      { ...before, objects: namespace({ resourceVersion: '2', generation: 7 }) },
      [],
    ],
    [
      'when a process was started',
      { ...before, units: { 'x.service': { startedAt: 'later', sub: 'other' } } },
      [],
    ],
    [
      'a file',
      { ...before, files: { ...before.files, '/etc/a': { digestOf: 'newer' } } },
      ['m1: /etc/a is not as it was'],
    ],
    [
      'the mode of a file',
      { ...before, files: { ...before.files, '/etc/a': { digestOf: 'old', mode: '0600' } } },
      ['m1: /etc/a is not as it was'],
    ],
    [
      'a secret',
      { ...before, files: { ...before.files, '/etc/key': { secretOf: 'another' } } },
      ['m1: /etc/key is not as it was'],
    ],
    [
      'an object',
      { ...before, objects: namespace({ labels: { a: 'c' } }) },
      ['m1: Namespace a is not as it was'],
    ],
    [
      'a unit',
      { ...before, units: { 'x.service': { active: 'failed' } } },
      ['m1: x.service is not as it was'],
    ],
    [
      'what needs nothing any more',
      { ...before, files: { ...before.files, '/etc/a': { digestOf: 'a' } } },
      ['m1: /etc/a needs no update any more', 'm1: x.service needs no restart any more'],
    ],
  ])('tells when it was %s that moved', (_what, after, expected) => {
    expect(moved([plan], [kept(after)])).toEqual(expected);
  });

  it('tells hosts that came and went, and what needs something now', () => {
    const nothing = { ...plan, phases: [] };
    expect(moved([plan], [])).toEqual(['m1: could not be looked at']);
    expect(moved([], [plan])).toEqual(['m1: was not looked at when the plan was made']);
    expect(moved([nothing], [plan])).toEqual([
      'm1: /etc/a needs update now',
      'm1: /etc/key needs update now',
      'm1: x.service needs restart now',
      'm1: Namespace a needs update now',
    ]);
    expect(moved([{ ...nothing, orphans: ['/a'] }], [{ ...nothing, orphans: ['/b'] }])).toEqual([
      'm1: /a is not left over any more',
      'm1: /b is left over now',
    ]);
  });
});

describe('a keyed digest', () => {
  it('is the same whatever the order of keys, and another for another value, secret or key', () => {
    const digest = keyed(KEY, { a: 1, b: [new Secret('x')] });
    expect(keyed(KEY, { b: [new Secret('x')], a: 1, c: undefined })).toBe(digest);
    expect(keyed(KEY, { a: 1, b: [new Secret('y')] })).not.toBe(digest);
    expect(keyed(KEY, { a: 1, b: ['***'] })).not.toBe(digest);
    expect(keyed(new Secret(randomBytes(32).toString('base64')), { a: 1, b: [new Secret('x')] })).not.toBe(
      digest,
    );
  });
});

describe('the schema', () => {
  const hosts = ['m1', 'm2'].map((name) => memoryHost(name, { a: '0', healthy: 'yes' }));
  const run = play(hosts, [
    stage('one', ['m1', 'm2'], { resources: () => [cell('a', '1')], gates: (host) => [gate(host)] }),
  ]);

  it('holds for what a run tells and keeps, and for nothing else', async () => {
    await run.tell();
    const lines = JSON.parse(JSON.stringify(run.events)) as { type: string }[];
    const told = lines.filter(({ type }) => type === 'host.planned');
    expect(told.map((one) => hostPlanned.safeParse(one).error)).toEqual([undefined, undefined]);
    const [ready] = lines.filter(({ type }) => type === 'plan.ready');
    expect(planReady.safeParse(ready).error).toBeUndefined();
    expect(planReady.safeParse({ ...ready, version: 2 }).success).toBe(false);
    expect(hostPlanned.safeParse({ ...told[0], more: 1 }).success).toBe(false);
    const now = await keptPlan(run.fleet, run.goal, await look(run.fleet, run.goal), KEY);
    expect(savedPlan.shape.hosts.safeParse(JSON.parse(JSON.stringify(now))).error).toBeUndefined();
    expect(now.map(({ host, phases }) => [host, phases.length])).toEqual([
      ['m1', 1],
      ['m2', 1],
    ]);
  });

  it('is printed as JSON Schema', () => {
    const { title, anyOf } = planJsonSchema() as { title: string; anyOf: unknown[] };
    expect(title).toBe('Plans of k8s-bootstrap, version 1');
    expect(anyOf).toHaveLength(3);
  });
});

describe('a run that was agreed to', () => {
  const agreed = async (meanwhile: (words: Map<string, string>) => void) => {
    const hosts = ['m1', 'm2'].map((name) => memoryHost(name, { a: '0' }));
    const stage1 = [stage('one', ['m1', 'm2'], { resources: () => [cell('a', '1')] })];
    const first = play(hosts, stage1);
    const was = await keptPlan(first.fleet, first.goal, await look(first.fleet, first.goal), KEY);
    let confirmed = 0;
    const second = play(hosts, stage1, {
      confirm: async (plan) => {
        confirmed += 1;
        const differences = moved(was, await keptPlan(second.fleet, second.goal, plan, KEY));
        if (differences.length > 0) throw new Error(differences.join('\n'));
      },
    });
    // Somebody is faster than the lock.
    hosts[1]!.before = (what) => {
      if (what === 'probe' && hosts[1]!.lockedBy !== undefined) meanwhile(hosts[1]!.words);
    };
    await second.up();
    return { confirmed, values: hosts.map(({ words }) => words.get('a')) };
  };

  it('is asked for under the lock, once', async () => {
    expect(await agreed(() => undefined)).toEqual({ confirmed: 1, values: ['1', '1'] });
  });

  it('touches nothing when something has moved before the lock was its own', async () => {
    await expect(agreed((words) => words.set('a', '7'))).rejects.toThrow(/^m2: a is not as it was$/);
  });
});

it('secrets are salted with the nonce of the run that they are compared with', async () => {
  const host = memoryHost('m1', { a: '0' });
  const run = play([host], [stage('one', ['m1'], { resources: () => [cell('a', '1')] })]);
  const fleet = { ...run.fleet, nonceOf: () => 'ab'.repeat(16) };
  await look(fleet, run.goal);
  expect(run.fleet.members.get('m1')?.seen?.nonce).toBe('ab'.repeat(16));
});
