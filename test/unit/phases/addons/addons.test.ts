import { describe, expect, it } from 'vitest';
import { addonData } from '../../../../src/addons/catalog.ts';
import { addonManifests, addonsPhase } from '../../../../src/phases/addons/addons.ts';
import { failuresOf, podsOf } from '../../../../src/phases/addons/health.ts';
import type { Observed } from '../../../../src/probe/observe.ts';
import { listPath } from '../../../../src/resources/cluster/kube-api.ts';
import type { KubeObject } from '../../../../src/kernel/kube-object.ts';
import type { Change } from '../../../../src/resources/resource.ts';
import { type WorldSpec, hostOf, sight, textFile, worldOf } from '../world.ts';

const NOTHING = new Map<string, Change>();
const ON = { addons: { 'metrics-server': {} } };

const setOf = (spec: WorldSpec, name = 'metrics-server') => {
  const world = worldOf(spec);
  const found = addonsPhase.resources(world, hostOf(world, 'm1')).find(({ id }) => id === `addon:${name}`);
  if (!found) throw new Error(`nothing is wanted of ${name}`);
  return found;
};

/** What the API has: these objects in the list of their kind, and nothing else. */
const having = (...objects: readonly KubeObject[]): Observed => ({
  ...sight({}),
  object: (path) => ({
    status: 200,
    body: {
      items: objects.filter((object) => path.startsWith(`${listPath(object)}?labelSelector=`)),
    },
  }),
});

const manifests = (inventory: Readonly<Record<string, unknown>> = ON): KubeObject[] => {
  const world = worldOf({ inventory });
  return world.inventory.addons.flatMap((addon) => addonManifests(world, addon));
};

const deployment = (inventory?: Readonly<Record<string, unknown>>): KubeObject => {
  const found = manifests(inventory).find(({ kind }) => kind === 'Deployment');
  if (!found) throw new Error('there is no Deployment');
  return found;
};

describe('add-ons', () => {
  it('are nobody’s business where the inventory has none', () => {
    expect(addonsPhase.hosts(worldOf())).toEqual([]);
  });

  it('are made of objects that say what they belong to, and so do their pods', () => {
    const part = { 'k8s-bootstrap/part': 'metrics-server' };
    for (const { metadata } of manifests()) expect(metadata.labels).toMatchObject(part);
    expect(deployment()).toMatchObject({
      spec: { template: { metadata: { labels: { ...part, 'k8s-app': 'metrics-server' } } } },
    });
  });

  it('have all names filled in', () => {
    expect(JSON.stringify(manifests())).not.toMatch(/"\{[\w:-]+\}"/);
  });

  it('take the image and the values that the inventory has for them, and the profile’s way of pulling', () => {
    const image = 'registry.example.com/metrics-server:1';
    const addons = { 'metrics-server': { images: { 'metrics-server': image }, resolution: '15s' } };
    const container = (inventory: object): unknown =>
      (deployment({ ...inventory }) as unknown as { spec: { template: { spec: { containers: unknown[] } } } })
        .spec.template.spec.containers[0];
    expect(container({ addons })).toMatchObject({
      image,
      imagePullPolicy: 'IfNotPresent',
      args: expect.arrayContaining(['--metric-resolution=15s']) as unknown,
    });
    expect(container({ ...ON, profile: 'cis' })).toMatchObject({ imagePullPolicy: 'Always' });
  });

  it('believe no kubelet whose certificate is not verified', () => {
    expect(JSON.stringify(manifests())).not.toContain('insecure-tls');
  });
});

describe('the plan', () => {
  it('makes all of an add-on at once', () => {
    expect(setOf({ inventory: ON }).diff(having(), NOTHING)).toMatchObject({
      kind: 'create',
      summary: expect.stringContaining('APIService v1beta1.metrics.k8s.io') as string,
    });
  });

  it('is empty where everything is as wanted', () => {
    expect(setOf({ inventory: ON }).diff(having(...manifests()), NOTHING).kind).toBe('none');
  });

  it('names what was changed by hand, and shows how', () => {
    const byHand = manifests().map((object) =>
      object.kind === 'Deployment'
        ? { ...object, spec: { ...(object['spec'] as object), replicas: 3 } }
        : object,
    );
    const change = setOf({ inventory: ON }).diff(having(...byHand), NOTHING);
    expect(change).toMatchObject({
      kind: 'update',
      summary: 'Deployment kube-system/metrics-server (spec.replicas)',
    });
    const { before = '', after = '' } = (change.kind === 'update' && change.text) || {};
    expect(before.replace('replicas: 3', 'replicas: 1')).toBe(after);
    expect(before).not.toBe(after);
  });

  it('leaves what was taken out of the inventory to --prune, and takes nothing else', () => {
    const others: KubeObject[] = [
      { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web', namespace: 'kube-system' } },
      // Whoever has a namespace of their own can write any label there.
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'trap', namespace: 'tenant', labels: { 'k8s-bootstrap/part': 'metrics-server' } },
      },
    ];
    const seen = having(...manifests(), ...others);
    expect(addonsPhase.hosts(worldOf({ prune: false }))).toEqual([]);
    const change = setOf({ prune: true }).diff(seen, NOTHING);
    expect(change).toMatchObject({ kind: 'delete' });
    const summary = change.kind === 'delete' ? change.summary : '';
    expect(summary.split(', ')).toHaveLength(manifests().length);
    expect(summary).not.toMatch(/web|trap/);
  });
});

describe('an add-on that is a program on masters', () => {
  const HELM = { addons: { helm: {} } };
  const hosts = ['m1', 'm2', 'w1'].map((name, index) => ({
    name,
    address: `192.0.2.${index + 11}`,
    roles: name.startsWith('m') ? ['master', 'etcd'] : ['worker'],
  }));
  const on = (spec: WorldSpec, host: string): string[] => {
    const world = worldOf(spec);
    return addonsPhase.resources(world, hostOf(world, host)).map(({ id }) => id);
  };
  const namesOf = (spec: WorldSpec): string[] => addonsPhase.hosts(worldOf(spec)).map(({ name }) => name);

  it('is on every master, and nothing of it in the cluster', () => {
    const spec = { inventory: { hosts, ...HELM } };
    expect(namesOf(spec)).toEqual(['m1', 'm2']);
    for (const host of ['m1', 'm2']) expect(on(spec, host)).toEqual(['file:/usr/local/bin/helm']);
    const world = worldOf(spec);
    expect(addonsPhase.gates?.(world, hostOf(world, 'm1'))).toEqual([]);
  });

  it('leaves objects to the one master that answers', () => {
    const spec = { inventory: { hosts, addons: { ...HELM.addons, ...ON.addons } } };
    expect(on(spec, 'm1')).toEqual(['file:/usr/local/bin/helm', 'addon:metrics-server']);
    expect(on(spec, 'm2')).toEqual(['file:/usr/local/bin/helm']);
    const world = worldOf(spec);
    expect(addonsPhase.gates?.(world, hostOf(world, 'm1'))).toHaveLength(1);
    expect(addonsPhase.gates?.(world, hostOf(world, 'm2'))).toEqual([]);
  });

  it('is a file that nothing wants where the inventory has it no more', () => {
    expect(namesOf({ inventory: { hosts } })).toEqual([]);
    expect(namesOf({ inventory: { hosts }, prune: true })).toEqual(['m1']);
    expect(on({ inventory: { hosts }, prune: true }, 'm1')).not.toContain('file:/usr/local/bin/helm');
  });

  it('takes the place of what somebody has put there, once it is known that it is another', () => {
    const world = worldOf({ inventory: HELM });
    const asked = { ...world, artifacts: { ...world.artifacts, comes: () => true } };
    const [helm] = addonsPhase.resources(asked, hostOf(world, 'm1'));
    const files = { '/usr/local/bin/helm': { ...textFile(''), mode: '0755' } };
    expect(helm?.diff(sight({ files }), NOTHING)).toMatchObject({ kind: 'unknown' });
  });

  it('comes in the version of the add-on', () => {
    const world = worldOf({ inventory: HELM });
    const [helm] = addonsPhase.resources(world, hostOf(world, 'm1'));
    expect(helm?.diff(sight({ files: { '/usr/local/bin/helm': { type: 'absent' } } }), NOTHING)).toEqual({
      kind: 'create',
      summary: 'helm of helm v3.2.4',
    });
  });
});

describe('the gate', () => {
  const addon = addonData('metrics-server');
  const [DEPLOYMENT = '', SERVICE = ''] = addon.healthy;
  const rolledOut = {
    status: 200,
    body: {
      kind: 'Deployment',
      metadata: { name: 'metrics-server', generation: 2 },
      spec: { replicas: 1 },
      status: { observedGeneration: 2, updatedReplicas: 1, availableReplicas: 1 },
    },
  };
  const service = (status: string): object => ({
    status: 200,
    body: {
      kind: 'APIService',
      metadata: { name: 'v1beta1.metrics.k8s.io' },
      status: {
        conditions: [{ type: 'Available', status, reason: 'MissingEndpoints', message: 'no\n endpoints' }],
      },
    },
  });
  const why = (objects: object): string | undefined => {
    const world = worldOf({ inventory: ON });
    const [gate] = addonsPhase.gates?.(world, hostOf(world, 'm1')) ?? [];
    return gate?.judge(sight({ objects: objects as Record<string, { status: number; body: unknown }> }));
  };

  it('holds when the new pods are there and the API answers', () => {
    expect(why({ [DEPLOYMENT]: rolledOut, [SERVICE]: service('True') })).toBeUndefined();
  });

  it('waits for the API server to get through', () => {
    expect(why({ [DEPLOYMENT]: rolledOut, [SERVICE]: service('False') })).toBe(
      'the API server does not get through to v1beta1.metrics.k8s.io (MissingEndpoints: no endpoints)',
    );
  });

  it.each([
    [404, 'there is no deployments metrics-server'],
    [0, 'the API server does not answer'],
  ])('tells %i', (status, text) => {
    expect(why({ [DEPLOYMENT]: { status, body: undefined } })).toBe(text);
  });

  it('does not take old pods for new ones', () => {
    const { body } = rolledOut;
    const changed = { ...body, metadata: { ...body.metadata, generation: 3 } };
    expect(why({ [DEPLOYMENT]: { status: 200, body: changed } })).toBe('what was changed is not seen yet');
  });

  it('names the pod whose image cannot be had, and why', () => {
    const { body } = rolledOut;
    const pod = {
      metadata: { name: 'metrics-server-x', namespace: 'kube-system' },
      spec: { nodeName: 'w1' },
      status: {
        containerStatuses: [
          { ready: false, state: { waiting: { reason: 'ImagePullBackOff', message: 'Back-off' } } },
        ],
      },
    };
    const event = (name: string, message: string): object => ({ involvedObject: { name }, message });
    const answer = why({
      [DEPLOYMENT]: { status: 200, body: { ...body, status: { ...body.status, updatedReplicas: 0 } } },
      [podsOf(addon)]: { status: 200, body: { items: [pod] } },
      [failuresOf(addon)]: {
        status: 200,
        body: {
          items: [
            event('metrics-server-x', 'Failed to pull image "x:1": manifest unknown'),
            event('metrics-server-x', 'Error: ImagePullBackOff'),
            event('another', 'Failed to pull image "y:1": no such host'),
          ],
        },
      },
    });
    expect(answer).toBe(
      'pod kube-system/metrics-server-x on w1 waits (ImagePullBackOff: Back-off); Failed to pull image "x:1": manifest unknown',
    );
  });
});
