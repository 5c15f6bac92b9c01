import { describe, expect, it } from 'vitest';
import { verifyPhase, withoutNetwork } from '../../../../src/phases/node/nodes.ts';
import { NODES } from '../../../../src/resources/cluster/kube-api.ts';
import { type Sight, hostOf, sight, worldOf } from '../world.ts';

/** As kubelet 1.16 says it, with docker. */
const NO_NETWORK =
  'runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:docker: network plugin is not ready: cni config uninitialized';

const node = (name: string, status: string, message: string): unknown => ({
  metadata: { name },
  status: { conditions: [{ type: 'Ready', status, message }] },
});

const api = (...items: unknown[]): Sight => ({
  objects: {
    '/healthz': { status: 200, body: 'ok' },
    [NODES]: { status: 200, body: { items } },
  },
});

function judged(cni: string, ...items: unknown[]): string | undefined {
  const seen = api(...items);
  const world = worldOf({ inventory: { network: { cni } }, seen: { m1: seen } });
  const [gate] = verifyPhase.gates?.(world, hostOf(world, 'w1')) ?? [];
  return gate?.judge(sight(seen));
}

describe('the gate of nodes', () => {
  it.each([
    ['bridge', node('w1', 'True', 'fine'), undefined],
    ['bridge', node('w1', 'False', NO_NETWORK), NO_NETWORK],
    ['none', node('w1', 'False', NO_NETWORK), undefined],
    ['none', node('w1', 'True', 'fine'), undefined],
    [
      'none',
      node('w1', 'False', `[${NO_NETWORK}, PLEG is not healthy]`),
      `[${NO_NETWORK}, PLEG is not healthy]`,
    ],
    [
      'none',
      node('w1', 'Unknown', 'Kubelet stopped posting node status.'),
      'Kubelet stopped posting node status.',
    ],
    ['none', node('w2', 'True', 'fine'), 'not registered'],
  ])('with cni %s: %j → %s', (cni, item, missing) => {
    expect(judged(cni, item)).toBe(missing);
  });
});

it('nodes that wait for a network of the user are known', () => {
  const seen = { m1: api(node('m1', 'True', ''), node('w1', 'False', NO_NETWORK)) };
  const names = (cni: string): string[] =>
    withoutNetwork(worldOf({ inventory: { network: { cni } }, seen })).map(({ name }) => name);
  expect(names('none')).toEqual(['w1']);
  expect(names('bridge')).toEqual([]);
});
