import { DECIDED } from '../../../../src/phases/control-plane/decided-users.ts';
import type { World } from '../../../../src/phases/phase.ts';
import type { ApiAnswer } from '../../../../src/probe/observe.ts';
import { worldOf } from '../world.ts';

export const BEFORE = '2026-01-01T00:00:00.000Z';
export const THEN = '2026-01-02T03:04:05.000Z';
export const AFTER = '2026-01-03T00:00:00.000Z';
export const [SMALL, LARGE] = ['1'.repeat(32), '2'.repeat(32)];

/** A master that keeps what was decided; text stands there as it is. */
export const kept = (revoked: unknown, admitted?: unknown): ApiAnswer => {
  const text = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
  return {
    status: 200,
    body: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: 'k8s-bootstrap-revoked-users',
        namespace: 'kube-system',
        labels: { 'app.kubernetes.io/managed-by': 'k8s-bootstrap' },
      },
      data: {
        'revoked.json': text(revoked),
        ...(admitted === undefined ? {} : { 'admitted.json': text(admitted) }),
      },
    },
  };
};
export const NONE: ApiAnswer = { status: 404, body: undefined };
export const SILENT: ApiAnswer = { status: 0, body: undefined };

/** A cluster whose master answers so. */
export const scene = (answer: ApiAnswer, users: Partial<World['users']> = {}, prune = false): World =>
  worldOf({ users, prune, seen: { m1: { objects: { [DECIDED]: answer } } } });

export const bob = [{ name: 'bob', at: THEN }];
export const letIn = (at: string, rights: string): object[] => [{ name: 'bob', at, rights }];
