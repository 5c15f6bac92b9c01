import { expect, it } from 'vitest';
import { kubeletPhase } from '../../../../src/phases/node/kubelet.ts';
import { kubeProxyPhase } from '../../../../src/phases/node/kube-proxy.ts';
import { mergedConfig } from '../../../../src/phases/node/merged-config.ts';
import { hostOf, worldOf } from '../world.ts';

it.each([
  [{ a: { b: 1, c: 2 } }, { a: { c: 3 } }, { a: { b: 1, c: 3 } }],
  [{ a: [1, 2] }, { a: [3] }, { a: [3] }],
  [{ a: { b: 1 }, c: 1 }, { a: null }, { c: 1 }],
  [{ a: { b: { c: 1 } } }, { a: { b: { c: null, d: 2 } } }, { a: { b: { d: 2 } } }],
  [{ a: 1 }, { a: { b: 2 } }, { a: { b: 2 } }],
])('%j with %j laid over is %j', (own, given, merged) => {
  expect(mergedConfig(own, given)).toEqual(merged);
});

it('a field of a block leaves the others of the block', () => {
  const kubelet = { config: { authentication: { webhook: { cacheTTL: '5m' } } } };
  const world = worldOf({ inventory: { kubelet } });
  const file = kubeletPhase
    .resources(world, hostOf(world, 'w1'))
    .find(({ id }) => id.endsWith('/kubelet/config.yaml'));
  const change = file?.diff(world.seen('w1')!, new Map());
  expect(JSON.stringify(change)).toMatch(/clientCAFile.*cacheTTL|cacheTTL.*clientCAFile/);
});

it('and so it is with kube-proxy', () => {
  const world = worldOf({ inventory: { kubeProxy: { config: { clientConnection: { qps: 9 } } } } });
  const file = kubeProxyPhase
    .resources(world, hostOf(world, 'w1'))
    .find(({ id }) => id.endsWith('/kube-proxy/config.yaml'));
  const change = file?.diff(world.seen('w1')!, new Map());
  expect(JSON.stringify(change)).toMatch(/clientConnection:[^:]*(?:kubeconfig:.*qps: 9|qps: 9.*kubeconfig:)/);
});
