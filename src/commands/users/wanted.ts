import { readFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { didYouMean } from '../../inventory/suggest.ts';
import type { OwnRules, User } from '../../inventory/types.ts';
import { rulesSchema } from '../../inventory/schema/user-schema.ts';
import { BootstrapError, ExitCode } from '../../kernel/errors.ts';
import { ONCE } from '../../kernel/once.ts';
import { readYamlAll } from '../../kernel/yaml.ts';
import { type PolicyRule, ROLE_PRESETS, type RolePreset } from '../../templates/rbac.ts';
import { checkNames } from '../../inventory/user-names.ts';
import { newUser } from '../../users/new-user.ts';
import type { UserStore } from '../../users/user-store.ts';

/** What the command line says of a user; what it leaves out stays as it is. */
export interface GivenUser {
  readonly groups?: readonly string[];
  readonly auth?: User['auth'];
  readonly days?: number;
  /** A preset, or a file with rules. */
  readonly role?: string;
  readonly namespaces?: readonly string[];
  readonly clusterRole?: string;
  readonly allowSystem?: boolean;
}

/**
 * The user that a command asks for: as the inventory or an earlier command has it, with what is given laid over.
 * @throws E_USER_NAME, E_ROLE, E_USER_DECLARED; exit code 2
 */
export async function wantedUser(name: string, given: GivenUser, users: UserStore): Promise<User> {
  const known = users.users().find((user) => user.name === name) ?? newUser(name);
  const { role, ...plain } = given;
  const user: User = {
    ...known,
    ...plain,
    ...(given.groups ? { groups: [...new Set(given.groups)] } : {}),
    ...(given.namespaces ? { namespaces: [...new Set(given.namespaces)] } : {}),
    ...(role === undefined ? {} : { role: await roleFrom(role) }),
  };
  checkNames(user);
  if (given.namespaces && user.role === undefined) {
    throw new BootstrapError(
      'E_ROLE',
      `${name} has no role that could hold in ${given.namespaces.join(', ')}`,
      {
        hint: `Give one with --role: ${ROLE_PRESETS.join(', ')}, or a file with rules.`,
        exitCode: ExitCode.usage,
      },
    );
  }
  if (users.isDeclared(name) && !isDeepStrictEqual(user, known)) {
    throw new BootstrapError('E_USER_DECLARED', `${name} is declared in the inventory, and not like this`, {
      hint: 'Change it there under users:, then run up; or leave out all options but --out, --renew and --no-apply.',
      exitCode: ExitCode.usage,
    });
  }
  return user;
}

const isPreset = (text: string): text is RolePreset => ROLE_PRESETS.some((preset) => preset === text);

/** @throws E_ROLE when it is neither a preset nor a file with rules */
export async function roleFrom(text: string): Promise<RolePreset | OwnRules> {
  if (isPreset(text)) return text;
  const refuse = (problem: string, cause?: unknown): BootstrapError =>
    new BootstrapError('E_ROLE', `${JSON.stringify(text)} is ${problem}${didYouMean(text, ROLE_PRESETS)}`, {
      hint: `Presets are ${ROLE_PRESETS.join(', ')}. A file holds rules: and clusterRules:, or manifests of a Role and a ClusterRole.`,
      exitCode: ExitCode.usage,
      cause,
    });
  let documents: unknown[];
  try {
    documents = readYamlAll(await readFile(text, 'utf8'));
  } catch (cause) {
    throw refuse('neither a preset nor a file of YAML', cause);
  }
  const parts = documents.filter((document) => document !== null && document !== undefined).map(asRules);
  const result = parts.map((part) => rulesSchema().safeParse(part, ONCE));
  const bad = result.find(({ success }) => !success);
  if (bad ?? result.length === 0) throw refuse('a file without rules that Kubernetes takes', bad?.error);
  const all = (field: 'rules' | 'clusterRules'): PolicyRule[] =>
    result.flatMap(({ data }) => data?.[field] ?? []);
  return { rules: all('rules'), clusterRules: all('clusterRules') };
}

/** Of a manifest only its rules count: the names are made here. */
function asRules(document: unknown): unknown {
  const { kind, rules } = document as { kind?: unknown; rules?: unknown };
  if (kind === 'Role') return { rules };
  return kind === 'ClusterRole' ? { clusterRules: rules } : document;
}
