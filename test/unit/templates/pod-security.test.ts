import { expect, it } from 'vitest';
import { rbacManifest } from '../../../src/templates/rbac.ts';

/** Without these a policy forbids every profile, and pods run unconfined. https://v1-16.docs.kubernetes.io/docs/concepts/policy/pod-security-policy/#seccomp */
it.each([
  [
    'k8s-bootstrap.restricted',
    { allowedProfileNames: 'runtime/default,docker/default', defaultProfileName: 'runtime/default' },
  ],
  ['k8s-bootstrap.privileged', { allowedProfileNames: '*' }],
])('policy %s says which profiles of seccomp pods have', (name, expected) => {
  const policy = rbacManifest('pod-security').find(({ metadata }) => metadata.name === name);
  const prefixed = Object.entries(expected).map(([key, value]) => [
    `seccomp.security.alpha.kubernetes.io/${key}`,
    value,
  ]);
  expect(policy?.metadata).toMatchObject({ annotations: Object.fromEntries(prefixed) as object });
});
