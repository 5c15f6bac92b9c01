import { join } from 'node:path';
import { dump } from 'js-yaml';
import * as z from 'zod';
import { resolveUser, userSchema } from '../inventory/schema/user-schema.ts';
import type { User } from '../inventory/types.ts';
import { writeAtomic } from '../kernel/atomic-file.ts';
import { BootstrapError } from '../kernel/errors.ts';
import { ONCE } from '../kernel/once.ts';
import { readYaml } from '../kernel/yaml.ts';
import { readIfThere } from '../state/state-files.ts';
import { refuseOpenAccess } from '../state/folder.ts';
import { type TokenRow, parseTokens, tokenText } from './tokens.ts';

/** What the state folder knows of users: `users.yaml`, and `tokens.csv` beside it. */
export interface Registry {
  /** Those that were made by `issue-user`; the others are the inventory's. */
  readonly users: readonly User[];
  readonly revoked: readonly Revoked[];
  /** When `issue-user` last let somebody in: later than a revocation, it counts. */
  readonly admitted: readonly Revoked[];
  /** Every certificate that was ever made for a user, as far as it has not expired. */
  readonly issued: readonly Issuance[];
  readonly tokens: readonly TokenRow[];
  /** Which of the two files are not there; after something was written of users, none. */
  readonly missing: readonly UsersFile[];
}

export interface Revoked {
  readonly name: string;
  /** Day and hour, ISO 8601. */
  readonly at: string;
}

export interface Issuance {
  readonly name: string;
  /** Serial number of the certificate, in hex. */
  readonly serial: string;
  /** ISO 8601. */
  readonly expires: string;
}

const FILE = 'users.yaml' as const;
const TOKENS = 'tokens.csv' as const;
export type UsersFile = typeof FILE | typeof TOKENS;

/** As `users.yaml` and the cluster have it. */
export const revokedSchema = z.strictObject({ name: z.string(), at: z.iso.datetime() });

const schema = z.strictObject({
  users: z.array(userSchema({ env: {}, folder: '/', home: '/' })).default([]),
  revoked: z.array(revokedSchema).default([]),
  admitted: z.array(revokedSchema).default([]),
  issued: z.array(z.strictObject({ name: z.string(), serial: z.string(), expires: z.string() })).default([]),
});

/**
 * @throws E_STATE_PERMISSIONS, E_USERS_FILE, E_TOKEN_ROW
 */
export async function readRegistry(stateFolder: string): Promise<Registry> {
  const [path, tokenPath] = [join(stateFolder, FILE), join(stateFolder, TOKENS)];
  await Promise.all([path, tokenPath].map(refuseOpenAccess));
  const [text, tokens] = await Promise.all([path, tokenPath].map(readIfThere));
  const { users, revoked, admitted, issued } = parsed(text ?? '', path);
  return {
    users: users.map(resolveUser),
    revoked,
    admitted,
    issued,
    tokens: parseTokens(tokens ?? ''),
    missing: [...(text === undefined ? [FILE] : []), ...(tokens === undefined ? [TOKENS] : [])],
  };
}

/** Tokens are written first: a row without its user does no harm, a user without a row gets another token. */
export async function writeRegistry(stateFolder: string, registry: Omit<Registry, 'missing'>): Promise<void> {
  const { users, revoked, admitted, issued, tokens } = registry;
  const text = dump(JSON.parse(JSON.stringify({ users, revoked, admitted, issued })), {
    lineWidth: -1,
    noRefs: true,
  });
  await writeAtomic(join(stateFolder, TOKENS), tokenText(tokens));
  await writeAtomic(join(stateFolder, FILE), `${HEAD}${text}`);
}

const HEAD = `# Users made by "k8s-bootstrap issue-user"; "up" keeps them like those of the inventory. Written by the program.\n`;

function parsed(text: string, path: string): z.output<typeof schema> {
  const bad = (problem: string, cause?: unknown): BootstrapError =>
    new BootstrapError('E_USERS_FILE', `${path} cannot be read: ${problem}`, {
      hint: 'It is written by this program. Correct it, or bring it back from a backup.',
      cause,
    });
  let value: unknown;
  try {
    value = text.trim() === '' ? {} : (readYaml(text) ?? {});
  } catch (cause) {
    throw bad('it is not YAML', cause);
  }
  const result = schema.safeParse(value, ONCE);
  if (!result.success) throw bad(z.prettifyError(result.error));
  return result.data;
}
