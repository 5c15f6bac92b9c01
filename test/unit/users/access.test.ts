import { readFileSync } from 'node:fs';
import { loadAll } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/kernel/kube-object.ts';
import { objectsText } from '../../../src/resources/cluster/objects-text.ts';
import { accessOf, ownerOf } from '../../../src/users/access.ts';
import { ROLE_PRESETS, presets } from '../../../src/templates/rbac.ts';

const user = { name: 'jane', role: undefined, namespaces: ['default'], clusterRole: undefined };
const all = (who: Parameters<typeof accessOf>[0]): KubeObject[] => {
  const { shared, own } = accessOf(who);
  return [...shared, ...own];
};
const titles = (objects: readonly KubeObject[]): string[] =>
  objects.map(({ kind, metadata: { name, namespace } }) => `${kind} ${namespace ?? '-'} ${name}`);

describe('presets', () => {
  it('are those that an inventory may name', () => {
    expect(Object.keys(presets())).toEqual([...ROLE_PRESETS]);
  });

  it.each(ROLE_PRESETS)('%s comes to what is written down', async (role) => {
    const text = objectsText(
      all({ ...user, name: role === 'admin' ? 'admin' : 'jane', role, namespaces: ['team-a', 'default'] }),
    );
    await expect(text).toMatchFileSnapshot(`../../golden/rbac/${role}.yaml`);
  });

  it('admin is the role of the course: deployments and pods here, secrets and nodes everywhere', () => {
    const objects = all({ ...user, name: 'admin', role: 'admin' });
    expect(
      objects
        .filter(({ kind }) => kind.endsWith('Role'))
        .map(({ metadata, rules }) => [metadata.name, rules]),
    ).toEqual([
      [
        'admin',
        [
          {
            apiGroups: ['', 'extensions', 'apps'],
            resources: ['deployments', 'replicasets', 'pods'],
            verbs: ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete'],
          },
        ],
      ],
      ['admin-cluster', [{ apiGroups: [''], resources: ['secrets', 'nodes'], verbs: ['*'] }]],
    ]);
    for (const object of objects) expect(object.apiVersion).toBe('rbac.authorization.k8s.io/v1');
    for (const binding of objects.filter(({ kind }) => kind.endsWith('Binding'))) {
      expect(binding['roleRef']).toHaveProperty('apiGroup', 'rbac.authorization.k8s.io');
      expect(binding['subjects']).toEqual([
        { apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'admin' },
      ]);
    }
  });
});

describe('the rights of a user', () => {
  it('are nothing without a role', () => {
    expect(all(user)).toEqual([]);
  });

  it('hold in each namespace, and by a cluster role everywhere', () => {
    expect(
      titles(all({ ...user, role: 'view', namespaces: ['b', 'a'], clusterRole: 'system:node-reader' })),
    ).toEqual([
      'RoleBinding a k8s-bootstrap:jane:view',
      'RoleBinding b k8s-bootstrap:jane:view',
      'ClusterRoleBinding - k8s-bootstrap:jane:system:node-reader',
    ]);
  });

  it('by rules of its own are roles of its own', () => {
    const rules = [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }];
    const access = accessOf({ ...user, role: { rules, clusterRules: rules } });
    expect(access.shared).toEqual([]);
    expect(titles(access.own)).toEqual(
      [
        'Role default k8s-bootstrap:jane',
        'RoleBinding default k8s-bootstrap:jane:k8s-bootstrap:jane',
        'ClusterRole - k8s-bootstrap:jane',
        'ClusterRoleBinding - k8s-bootstrap:jane:k8s-bootstrap:jane',
      ].sort((a, b) => order(a) - order(b)),
    );
    expect(access.own.map(ownerOf)).toEqual(['jane', 'jane', 'jane', 'jane']);
  });

  it('never change what a binding points to: another role is another binding', () => {
    const before = titles(all({ ...user, role: 'view' }));
    const after = titles(all({ ...user, role: 'edit' }));
    expect(before.filter((title) => after.includes(title))).toEqual([]);
  });

  it('as a file can be read back, and are the same text in any order', () => {
    const text = objectsText(all({ ...user, role: 'admin', namespaces: ['a', 'b'] }));
    expect(objectsText(all({ ...user, role: 'admin', namespaces: ['b', 'a'] }))).toBe(text);
    expect(loadAll(text)).toEqual(all({ ...user, role: 'admin', namespaces: ['a', 'b'] }));
    expect(readFileSync(new URL('../../golden/rbac/admin.yaml', import.meta.url), 'utf8')).not.toContain('&');
  });
});

const order = (title: string): number =>
  ['Role ', 'ClusterRole ', 'RoleBinding ', 'ClusterRoleBinding '].findIndex((kind) =>
    title.startsWith(kind),
  );
