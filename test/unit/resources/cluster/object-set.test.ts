import { describe, expect, it } from 'vitest';
import type { ApiAnswer } from '../../../../src/probe/observe.ts';
import type { KubeObject } from '../../../../src/kernel/kube-object.ts';
import { objectSet } from '../../../../src/resources/cluster/object-set.ts';
import { sight } from '../../phases/world.ts';

const LIST = '/api/v1/secrets';
const secret = (data: Readonly<Record<string, string>>): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 's', namespace: 'x' },
  data,
});

const diffOf = (wanted: KubeObject, answer: ApiAnswer, showsText = true) =>
  objectSet({
    id: 'set',
    title: 'a set',
    lists: [LIST],
    wanted: [wanted],
    goes: () => false,
    kubectl: 'kubectl',
    showsText,
  }).diff(sight({ objects: { [LIST]: answer } }), new Map());

const having = ({ apiVersion, kind, ...item }: KubeObject): ApiAnswer => ({
  status: 200,
  body: { apiVersion, kind: `${kind}List`, items: [item] },
});

describe('a set of objects', () => {
  it('of a kind that nothing has defined yet is made', () => {
    expect(diffOf(secret({}), { status: 404, body: undefined })).toEqual({
      kind: 'create',
      summary: 'Secret x/s',
    });
  });

  it('is unknown while the API server is silent', () => {
    expect(diffOf(secret({}), { status: 0, body: undefined }).kind).toBe('unknown');
  });

  it('tells that a secret differs, and shows neither', () => {
    const change = diffOf(secret({ password: 'bmV3' }), having(secret({ password: 'b2xk' })));
    expect(change).toMatchObject({ kind: 'update', summary: 'Secret x/s (data.password)' });
    expect(JSON.stringify(change)).not.toMatch(/bmV3|b2xk/);
    expect(JSON.stringify(change)).toContain('(secret)');
  });

  it('shows only what is ours to say, where it is asked to', () => {
    const there = { ...secret({ password: 'b2xk' }), type: 'Opaque' };
    expect(JSON.stringify(diffOf(secret({ password: 'bmV3' }), having(there)))).not.toContain('Opaque');
    expect(diffOf(secret({ password: 'bmV3' }), having(there), false)).not.toHaveProperty('text');
  });
});
