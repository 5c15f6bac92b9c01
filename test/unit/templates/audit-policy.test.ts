import { load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { hostFile } from '../../../src/templates/host-files.ts';

interface Rule {
  readonly level: string;
  readonly users?: readonly string[];
  readonly userGroups?: readonly string[];
  readonly verbs?: readonly string[];
  readonly resources?: readonly { readonly group: string; readonly resources?: readonly string[] }[];
  readonly nonResourceURLs?: readonly string[];
}
interface Request {
  readonly user: string;
  readonly group: string;
  readonly verb: string;
  readonly resource?: readonly [group: string, name: string];
  readonly url?: string;
}

const { rules } = load(hostFile('audit-policy.yaml')) as { readonly rules: readonly Rule[] };

/** As the API server decides: the first rule that matches. */
const levelOf = ({ user, group, verb, resource, url }: Request): string | undefined =>
  rules.find(
    (rule) =>
      (rule.users?.includes(user) ?? true) &&
      (rule.userGroups?.includes(group) ?? true) &&
      (rule.verbs?.includes(verb) ?? true) &&
      (rule.resources?.some(
        (one) => one.group === resource?.[0] && (one.resources?.includes(resource[1]) ?? true),
      ) ??
        true) &&
      (rule.nonResourceURLs?.some((pattern) =>
        pattern.endsWith('*') ? url?.startsWith(pattern.slice(0, -1)) : url === pattern,
      ) ??
        true),
  )?.level;

const node = { user: 'system:node:w1', group: 'system:nodes' };
const account = (name: string) => ({
  user: `system:serviceaccount:kube-system:${name}`,
  group: 'system:serviceaccounts:kube-system',
});

describe('the audit policy', () => {
  it.each<[string, Request, string]>([
    ['a secret that a node reads', { ...node, verb: 'get', resource: ['', 'secrets'] }, 'Metadata'],
    [
      'secrets that an account reads',
      { ...account('default'), verb: 'list', resource: ['', 'secrets'] },
      'Metadata',
    ],
    ['pods that a node watches', { ...node, verb: 'watch', resource: ['', 'pods'] }, 'None'],
    ['the lease of a node', { ...node, verb: 'update', resource: ['coordination.k8s.io', 'leases'] }, 'None'],
    [
      'discovery by a controller',
      { ...account('generic-garbage-collector'), verb: 'get', url: '/apis/apps/v1' },
      'None',
    ],
    [
      'what the garbage collector watches',
      { ...account('generic-garbage-collector'), verb: 'watch', resource: ['', 'secrets'] },
      'None',
    ],
    [
      'jobs that a controller lists',
      { ...account('cronjob-controller'), verb: 'list', resource: ['batch', 'jobs'] },
      'None',
    ],
    [
      'secrets that a controller lists',
      { ...account('cronjob-controller'), verb: 'list', resource: ['', 'secrets'] },
      'Metadata',
    ],
    [
      'jobs that a controller makes',
      { ...account('cronjob-controller'), verb: 'create', resource: ['batch', 'jobs'] },
      'Metadata',
    ],
    [
      'discovery by a person',
      { user: 'eve', group: 'system:authenticated', verb: 'get', url: '/apis/apps/v1' },
      'Metadata',
    ],
    [
      'a role that is changed',
      {
        user: 'eve',
        group: 'system:authenticated',
        verb: 'create',
        resource: ['rbac.authorization.k8s.io', 'roles'],
      },
      'RequestResponse',
    ],
  ])('records %s at %s', (_what, request, level) => {
    expect(levelOf(request)).toBe(level);
  });
});
