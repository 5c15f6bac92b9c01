import { describe, expect, it } from 'vitest';
import { addonData } from '../../../../src/addons/catalog.ts';
import { addonStates } from '../../../../src/commands/addons/list.ts';
import { imagesIn } from '../../../../src/commands/addons/images-in.ts';
import { podsOf } from '../../../../src/phases/addons/health.ts';
import { PART_LABEL } from '../../../../src/phases/shared/parts.ts';
import type { ApiAnswer, FileState, Observed } from '../../../../src/probe/observe.ts';
import { MANIFEST } from '../../../../src/resources/manifest.ts';
import { sight, textFile } from '../../phases/world.ts';

const NAME = 'metrics-server';
const [DEPLOYMENT = '', SERVICE = ''] = addonData(NAME).healthy;
const ON = { addons: [{ name: NAME, images: {}, values: {} }] };

const pod = {
  spec: { nodeName: 'w1', containers: [{ image: 'm:1' }] },
  status: { containerStatuses: [{ image: 'm:1', imageID: 'docker-pullable://m@sha256:0a' }] },
};

/** An API server that has nothing but these. */
const seeing = (objects: Readonly<Record<string, ApiAnswer>>) => ({
  ...sight({}),
  object: (path: string): ApiAnswer => objects[path] ?? { status: 404, body: undefined },
});

const labels = { [PART_LABEL]: NAME };
const standing = seeing({
  [DEPLOYMENT]: {
    status: 200,
    body: {
      kind: 'Deployment',
      metadata: { name: NAME, labels, generation: 1 },
      spec: { replicas: 1 },
      status: { observedGeneration: 1, updatedReplicas: 1, availableReplicas: 1 },
    },
  },
  [SERVICE]: {
    status: 200,
    body: {
      kind: 'APIService',
      metadata: { name: 'v1beta1.metrics.k8s.io', labels },
      status: { conditions: [{ type: 'Available', status: 'True' }] },
    },
  },
  [podsOf(addonData(NAME))]: { status: 200, body: { items: [pod] } },
});

const stateOf = (
  inventory: Parameters<typeof addonStates>[0],
  seen: Observed | undefined,
  masters: Readonly<Record<string, Observed | undefined>> = { m1: sight({}) },
  addon = NAME,
) => {
  const { addons, well } = addonStates(inventory, seen, new Map(Object.entries(masters)));
  return { well, ...addons.find(({ name }) => name === addon) };
};

describe('an add-on', () => {
  it('is well with what each node has of it', () => {
    expect(stateOf(ON, standing)).toMatchObject({
      well: true,
      on: true,
      state: 'well',
      problem: null,
      images: [{ node: 'w1', image: 'm:1', id: 'm@sha256:0a' }],
    });
  });

  it('that the inventory does not name is off, or left', () => {
    expect(stateOf({ addons: [] }, seeing({}))).toMatchObject({
      well: true,
      on: false,
      state: 'off',
      problem: null,
    });
    expect(stateOf({ addons: [] }, standing)).toMatchObject({ well: false, on: false, state: 'left' });
  });

  it('of that name that somebody else has set up is no affair of ours', () => {
    const theirs = seeing({ [DEPLOYMENT]: { status: 200, body: { metadata: { name: NAME } } } });
    expect(stateOf({ addons: [] }, theirs)).toMatchObject({ well: true, on: false, state: 'off' });
  });

  it('that is not there is waited for', () => {
    expect(stateOf(ON, seeing({}))).toMatchObject({
      well: false,
      state: 'waits',
      problem: 'there is no deployments metrics-server',
    });
  });

  it.each([
    ['no master was reached', undefined],
    ['its API server is silent', seeing({ [DEPLOYMENT]: { status: 0, body: undefined } })],
  ])('is unknown when %s', (_, seen) => {
    expect(stateOf(ON, seen)).toMatchObject({ well: false, state: 'unknown' });
  });
});

describe('an add-on that is a program on masters', () => {
  const PATH = '/usr/local/bin/helm';
  const HELM = { addons: [{ name: 'helm', images: {}, values: {} }] };
  const there = { ...textFile(''), mode: '0755' };
  const absent: FileState = { type: 'absent' };
  const having = (helm: FileState, manifest = '') =>
    sight({ files: { [PATH]: helm, [MANIFEST]: textFile(manifest) } });
  const ours = having(there, `${'0'.repeat(64)}\t${PATH}\taddons\n`);
  const helm = (inventory: Parameters<typeof addonStates>[0], masters: Parameters<typeof stateOf>[2]) =>
    stateOf(inventory, seeing({}), masters, 'helm');

  it('is well when every master has it', () => {
    expect(helm(HELM, { m1: ours, m2: ours })).toMatchObject({
      well: true,
      on: true,
      version: 'v3.2.4',
      state: 'well',
      problem: null,
      images: [],
    });
  });

  it('names the master that lacks it', () => {
    expect(helm(HELM, { m1: ours, m2: having(absent) })).toMatchObject({
      well: false,
      state: 'waits',
      problem: 'there is no /usr/local/bin/helm on m2',
    });
  });

  it('is not well where somebody else has put another program in its place', () => {
    expect(helm(HELM, { m1: ours, m2: having(there) })).toMatchObject({
      well: false,
      state: 'waits',
      problem: 'somebody else has put there /usr/local/bin/helm on m2',
    });
  });

  it('is unknown where a master could not be asked', () => {
    expect(helm(HELM, { m1: ours, m2: undefined })).toMatchObject({
      well: false,
      state: 'unknown',
      problem: 'm2 could not be asked',
    });
  });

  it('that the inventory does not name is left where it is ours, and nobody’s business where it is not', () => {
    expect(helm({ addons: [] }, { m1: having(absent), m2: ours })).toMatchObject({
      well: false,
      on: false,
      state: 'left',
    });
    expect(helm({ addons: [] }, { m1: having(there) })).toMatchObject({ well: true, state: 'off' });
  });
});

describe('images', () => {
  it('are told once for each node, as they run or as they are asked for', () => {
    const waiting = { spec: { containers: [{ image: 'm:2' }] } };
    expect(imagesIn({ items: [pod, pod, waiting] })).toEqual([
      { node: 'w1', image: 'm:1', id: 'm@sha256:0a' },
      { node: null, image: 'm:2', id: null },
    ]);
  });

  it('of what is no list are none', () => {
    expect(imagesIn('Forbidden')).toEqual([]);
  });
});
