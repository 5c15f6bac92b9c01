import { BootstrapError, ExitCode } from '../kernel/errors.ts';

/** Upper bound of CN and O in RFC 5280, appendix A. */
const MAX_LENGTH = 64;

/**
 * Users that the cluster's own parts log in as: a person of that name would get what is bound to them.
 * The names are those of `pki/profiles.yaml`, which a test holds against this list.
 */
export const COMPONENT_USERS: readonly string[] = [
  'kube-apiserver',
  'kube-apiserver-balancer',
  'kube-apiserver-etcd-client',
  'kube-apiserver-kubelet-client',
  'kube-etcd-healthcheck-client',
  'front-proxy-client',
  'kubernetes-admin',
];

export const isSystem = (value: string): boolean => /^system:/i.test(value);

/** Why such names are refused unless somebody insists. */
export const SYSTEM_HINT =
  'Kubernetes itself gives rights to these names, system:masters all of them, and a certificate that carries one keeps them until it expires: nothing can take them back. Use a role instead, or insist with --allow-system (allowSystem: true in the inventory).';

/**
 * Why something cannot be the name of a user or a group, or `undefined` when it can. A name becomes the CN or
 * O of a certificate, a column of the token file, part of object names, and a user's also a file name.
 */
export function nameProblem(kind: 'user' | 'group', value: string, allowSystem = false): string | undefined {
  const { length } = Array.from(value);
  if (value === '') return 'it is empty';
  if (length > MAX_LENGTH) return `it has ${length} characters, ${MAX_LENGTH} are allowed`;
  const problem = UNFIT.find(([pattern]) => pattern.test(value))?.[1];
  if (problem !== undefined) return problem;
  if (!/^[A-Za-z0-9]/.test(value)) return 'it does not begin with a letter or a digit';
  if (isSystem(value) && !allowSystem) return 'names that begin with system: belong to Kubernetes';
  if (kind === 'user' && value === 'ca')
    return 'its certificate would be the file ca.crt, which is the authority’s';
  if (kind === 'user' && COMPONENT_USERS.includes(value)) return 'a component of the cluster has this name';
  return undefined;
}

const UNFIT: readonly (readonly [RegExp, string])[] = [
  [/[\r\n]/, 'it holds a line break, which would begin a row of its own in the token file'],
  [/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u, 'it holds characters that cannot be shown'],
  [/[^\x20-\x7e]/, 'it holds characters beyond ASCII, of which two that look alike may differ'],
  [/,/, 'it holds a comma, which separates columns and groups in the token file'],
  [/["'`]/, 'it holds a quote'],
  [/\//, 'it holds a slash, which no file and no object may have in its name'],
  [/\s/, 'it holds a space'],
  [/[^A-Za-z0-9._@+:-]/, 'it may hold letters, digits and . _ @ + : - only'],
];

/** The same for a namespace: https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-label-names */
export const namespaceProblem = (value: string): string | undefined =>
  /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(value)
    ? undefined
    : 'it has to be lower-case letters, digits and - (at most 63)';

/**
 * Names as they come from the command line.
 * @throws E_USER_NAME, exit code 2
 */
export function checkNames(user: {
  readonly name: string;
  readonly groups: readonly string[];
  readonly namespaces: readonly string[];
  readonly allowSystem: boolean;
}): void {
  const refuse = (what: string, value: string, problem: string | undefined): void => {
    if (problem === undefined) return;
    throw new BootstrapError('E_USER_NAME', `${JSON.stringify(value)} cannot be a ${what}: ${problem}`, {
      exitCode: ExitCode.usage,
      hint: isSystem(value) ? SYSTEM_HINT : 'Nothing was written.',
    });
  };
  refuse('user', user.name, nameProblem('user', user.name, user.allowSystem));
  for (const group of user.groups) refuse('group', group, nameProblem('group', group, user.allowSystem));
  for (const namespace of user.namespaces) refuse('namespace', namespace, namespaceProblem(namespace));
}
