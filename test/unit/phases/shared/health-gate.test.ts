import { describe, expect, it } from 'vitest';
import { apiserverPhase } from '../../../../src/phases/control-plane/apiserver.ts';
import { whatFailed } from '../../../../src/phases/shared/health-gate.ts';
import { hostOf, worldOf } from '../world.ts';

const VERBOSE = `[+]ping ok
[+]log ok
[-]etcd failed: reason withheld
[+]poststarthook/generic-apiserver-start-informers ok
[-]poststarthook/rbac/bootstrap-roles failed: reason withheld
healthz check failed
`;

describe('what a component says of its health', () => {
  it.each([
    ['names the checks that failed', VERBOSE, 'etcd, poststarthook/rbac/bootstrap-roles'],
    ['or is its first words', '\nNo heartbeat for 10 s\nmore\n', 'No heartbeat for 10 s'],
    ['or nothing', '', ''],
  ])('%s', (_what, text, told) => {
    expect(whatFailed(text)).toBe(told);
  });

  it('is told by the gate of the API server', () => {
    const told = (status: number, body: unknown): string | undefined => {
      const world = worldOf({ seen: { m1: { objects: { '/healthz': { status, body } } } } });
      const [gate] = apiserverPhase.gates?.(world, hostOf(world, 'm1')) ?? [];
      return gate?.judge(world.seen('m1')!);
    };
    expect(told(200, undefined)).toBeUndefined();
    expect(told(500, VERBOSE)).toBe('HTTP 500 etcd, poststarthook/rbac/bootstrap-roles');
    expect(told(401, { kind: 'Status' })).toBe('HTTP 401');
    expect(told(0, undefined)).toBe('no answer');
  });
});
