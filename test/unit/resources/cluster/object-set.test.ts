import { describe, expect, it } from 'vitest';
import type { ApiAnswer } from '../../../../src/probe/observe.ts';
import type { KubeObject } from '../../../../src/kernel/kube-object.ts';
import { objectSet } from '../../../../src/resources/cluster/object-set.ts';
import type { Step } from '../../../../src/resources/step.ts';
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

describe('kinds of its own', () => {
  const kind: KubeObject = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'things.example.com' },
  };
  const thing: KubeObject = { apiVersion: 'example.com/v1', kind: 'Thing', metadata: { name: 't' } };
  const stepsOf = (...there: readonly KubeObject[]) => {
    const set = objectSet({
      id: 'set',
      title: 'a set',
      lists: ['/kinds', '/things'],
      wanted: [thing, kind],
      goes: () => false,
      kubectl: 'kubectl',
    });
    const answers = there.map((object) => [object === kind ? '/kinds' : '/things', having(object)] as const);
    const absent = { status: 404, body: undefined };
    const seen = sight({
      objects: { '/kinds': absent, '/things': absent, ...Object.fromEntries(answers) },
    });
    return set.steps(set.diff(seen, new Map()), seen);
  };
  const written = (step: Step | undefined): string =>
    step?.op === 'run' && step.stdin ? [...(step.stdin.open() as readonly Buffer[])].join('') : '';

  it('are there before an object of them, and served', async () => {
    const [first, second, ...more] = await stepsOf();
    expect(more).toEqual([]);
    expect(first).toMatchObject({ title: 'define the kinds of a set' });
    expect(first?.op === 'run' ? first.script : '').toContain('for kind in things.example.com;');
    expect(second).toMatchObject({ op: 'run', title: 'apply a set', script: 'kubectl apply -f -' });
    expect(written(first)).not.toContain('"Thing"');
    expect(written(second)).toContain('"Thing"');
    expect(written(second)).not.toContain('CustomResourceDefinition');
  });

  it('are not waited for where they are there', async () => {
    expect(await stepsOf(kind)).toMatchObject([{ title: 'apply a set' }]);
  });
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
