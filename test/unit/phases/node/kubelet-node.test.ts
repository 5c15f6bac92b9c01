import { expect, it } from 'vitest';
import { kubeletPhase } from '../../../../src/phases/node/kubelet.ts';
import type { ApiAnswer } from '../../../../src/probe/observe.ts';
import { NODES } from '../../../../src/resources/cluster/kube-api.ts';
import { hostOf, sight, worldOf } from '../world.ts';

const nodes = (...names: string[]): ApiAnswer => ({
  status: 200,
  body: { items: names.map((name) => ({ metadata: { name } })) },
});

it.each<[string, ApiAnswer | undefined, string, string[] | undefined]>([
  ['is registered', nodes('m1', 'w1'), 'active', undefined],
  ['was deleted while it ran', nodes('m1'), 'active', ['the cluster has no Node of it']],
  ['is not made yet, nor does it run', nodes('m1'), 'inactive', ['it is not running']],
  ['is not known of, as nobody answers', { status: 0, body: undefined }, 'active', undefined],
  ['was not asked about', undefined, 'active', undefined],
])('the kubelet whose Node %s', (_which, answer, active, because) => {
  const unit = { active, enabled: 'enabled', load: 'loaded', runningRevision: 'a', diskRevision: 'a' };
  const seen = { units: { 'kubelet.service': unit } };
  const world = worldOf({
    seen: { m1: answer ? { objects: { [NODES]: answer, '/healthz': answer } } : {}, w1: seen },
  });
  const service = kubeletPhase
    .resources(world, hostOf(world, 'w1'))
    .find(({ id }) => id === 'service:kubelet.service');
  const change = service?.diff(sight(seen), new Map());
  expect(change?.kind === 'restart' ? change.because : undefined).toEqual(because);
});
