import { describe, expect, it } from 'vitest';
import { NODES } from '../../../../src/resources/cluster/kube-api.ts';
import { type NodeSpec, nodeObject } from '../../../../src/resources/cluster/node-object.ts';
import { NODE_RECORD } from '../../../../src/resources/cluster/node-record.ts';
import type { Change } from '../../../../src/resources/resource.ts';
import { observed } from '../../../support/observed.ts';

interface Given {
  /** Of the inventory: labels, and taints as `key=value:effect`. */
  readonly wanted?: readonly string[];
  /** On the node, in the same words. */
  readonly there?: readonly string[];
  /** What stands in the record of the node; `undefined` where the record is not there. */
  readonly record?: string | undefined;
}

const ROLE = 'node-role.kubernetes.io/worker';
const isTaint = (text: string): boolean => text.includes(':');

function labelsOf(words: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    words
      .filter((word) => !isTaint(word))
      .map((word) => {
        const [key = '', value = ''] = word.split('=');
        return [key, value];
      }),
  );
}

const taintsOf = (words: readonly string[]) =>
  words.filter(isTaint).map((word) => {
    const [, key = '', value = '', effect = ''] = /^([^=:]*)=?([^:]*):(.*)$/.exec(word) ?? [];
    return { key, value, effect };
  });

function world({ wanted = [], there = [], record }: Given) {
  const spec: NodeSpec = {
    name: 'w2',
    labels: labelsOf([ROLE, ...wanted]),
    taints: taintsOf(wanted),
    podCIDR: undefined,
  };
  const node = {
    metadata: { name: 'w2', labels: labelsOf([ROLE, 'kubernetes.io/hostname=w2', ...there]) },
    spec: { taints: taintsOf(there).map(({ value, ...rest }) => (value === '' ? rest : { ...rest, value })) },
  };
  const body = record === undefined ? {} : { data: { w1: 'kept', w2: record } };
  const seen = observed({
    objects: {
      [NODES]: { status: 200, body: { items: [node] } },
      [NODE_RECORD]: { status: record === undefined ? 404 : 200, body },
    },
  });
  return { resource: nodeObject(spec), seen };
}

const changeOf = (given: Given): Change => {
  const { resource, seen } = world(given);
  return resource.diff(seen, new Map());
};

/** What is sent, in its order: patches of the node, and entries of the record. */
async function sent(given: Given): Promise<unknown[]> {
  const { resource, seen } = world(given);
  const steps = await resource.steps(resource.diff(seen, new Map()), seen);
  return steps.map((step) => {
    const content = step.op === 'run' ? step.stdin?.open() : [];
    const patch = JSON.parse(Buffer.concat([...(content as Iterable<Uint8Array>)]).toString()) as {
      data?: { w2: string };
    };
    return patch.data === undefined ? patch : patch.data;
  });
}

const entry = (...words: string[]): string => [ROLE, ...words].toSorted().join(' ');

describe('a node of the API', () => {
  it.each<[string, Given, string]>([
    ['a new label', { wanted: ['disk=ssd'], record: entry() }, 'label disk=ssd'],
    ['a new label without a value', { wanted: ['gpu'], record: entry() }, 'label gpu'],
    [
      'a label of another value',
      { wanted: ['disk=ssd'], there: ['disk=hdd'], record: entry('disk') },
      'label disk=hdd → ssd',
    ],
    [
      'a label whose value goes',
      { wanted: ['disk'], there: ['disk=hdd'], record: entry('disk') },
      'label disk=hdd → ""',
    ],
    ['a label that goes', { there: ['disk=ssd'], record: entry('disk') }, 'label disk=ssd: taken away'],
    ['a new taint', { wanted: ['only=db:NoSchedule'], record: entry() }, 'taint only=db:NoSchedule'],
    [
      'a taint of another value',
      { wanted: ['only=db:NoSchedule'], there: ['only=web:NoSchedule'], record: entry('only:NoSchedule') },
      'taint only=web → db:NoSchedule',
    ],
    [
      'a taint that goes',
      { there: ['only=web:NoSchedule'], record: entry('only:NoSchedule') },
      'taint only=web:NoSchedule: taken away',
    ],
    [
      'a taint of another effect',
      { wanted: ['only:NoExecute'], there: ['only:NoSchedule'], record: entry('only:NoSchedule') },
      'taint only:NoExecute, taint only:NoSchedule: taken away',
    ],
  ])('is changed: %s', (_what, given, summary) => {
    expect(changeOf(given)).toEqual({ kind: 'update', summary });
  });

  it.each<[string, Given]>([
    ['labels that others set', { there: ['disk=ssd'], record: entry() }],
    ['a taint that others set', { there: ['only=db:NoSchedule'], record: entry() }],
    ['the same taint of another effect', { there: ['only:NoExecute'], record: entry() }],
    ['what stands in the entry of another node', { there: ['kept=1'], record: entry() }],
  ])('is as wanted with %s', (_what, given) => {
    expect(changeOf(given)).toEqual({ kind: 'none', why: 'as wanted' });
  });

  it('gets its entry, and loses nothing, where an earlier version has set what is there', async () => {
    const given = { wanted: ['disk=ssd'], there: ['disk=ssd', 'old=1', 'only=db:NoSchedule'] };
    expect(changeOf(given)).toEqual({ kind: 'update', summary: 'what was set is written down' });
    expect(await sent(given)).toEqual([{ w2: entry('disk') }]);
  });

  it.each([
    'kubernetes.io/hostname',
    'kubernetes.io/os',
    'beta.kubernetes.io/arch',
    'node.kubernetes.io/unschedulable:NoSchedule',
    'node.cloudprovider.kubernetes.io/uninitialized:NoSchedule',
    'only:Always',
    '$(reboot)',
    'a/b/c',
  ])('keeps %s, whoever has written it down, and strikes it out', async (word) => {
    const there = word.includes(':') ? [word] : [`${word}=x`];
    const given = { there, record: `${entry()} ${word}` };
    expect(changeOf(given)).toEqual({ kind: 'update', summary: 'what was set is written down' });
    expect(await sent(given)).toEqual([{ w2: entry() }]);
  });

  it('is not judged before the record has been read', () => {
    const { resource, seen } = world({ there: ['disk=ssd'], record: entry('disk') });
    const silent = { ...seen, object: (path: string) => (path === NODES ? seen.object(path) : undefined) };
    expect(resource.diff(silent, new Map())).toMatchObject({ kind: 'unknown', waitsFor: 'the API server' });
  });
});

describe('the record of what was set', () => {
  it('is written before anything is set', async () => {
    expect(await sent({ wanted: ['disk=ssd'], record: entry() })).toEqual([
      { w2: entry('disk') },
      { metadata: { labels: { disk: 'ssd' } }, spec: {} },
    ]);
  });

  it('forgets what goes when it is gone; the taints of others are sent along', async () => {
    const there = ['disk=ssd', 'only=db:NoSchedule', 'node.kubernetes.io/unschedulable:NoSchedule'];
    expect(await sent({ there, record: entry('disk', 'only:NoSchedule') })).toEqual([
      {
        metadata: { labels: { disk: null } },
        spec: { taints: [{ key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' }] },
      },
      { w2: entry() },
    ]);
  });

  it('is not touched when a value changes, and neither are the taints', async () => {
    const given = {
      wanted: ['disk=ssd', 'only=db:NoSchedule'],
      there: ['disk=hdd', 'only=db:NoSchedule'],
      record: entry('disk', 'only:NoSchedule'),
    };
    expect(await sent(given)).toEqual([{ metadata: { labels: { disk: 'ssd' } }, spec: {} }]);
  });

  it('forgets what somebody has taken away by hand', async () => {
    const given = { record: entry('disk') };
    expect(changeOf(given)).toEqual({ kind: 'update', summary: 'what was set is written down' });
    expect(await sent(given)).toEqual([{ w2: entry() }]);
  });

  it('is made where there is none', async () => {
    const script = async (given: Given): Promise<string> => {
      const { resource, seen } = world(given);
      const [step] = await resource.steps(resource.diff(seen, new Map()), seen);
      return step?.op === 'run' ? step.script : '';
    };
    expect(await script({})).toMatch(/ patch .* \|\| .* create -f -$/);
    expect(await script({ wanted: ['disk=ssd'], record: entry() })).not.toContain('create');
  });
});
