import * as z from 'zod';
import { secret, type Surroundings } from './fields.ts';
import { ROLE_PRESETS } from '../../templates/rbac.ts';
import type { User } from '../types.ts';

const texts = () => z.array(z.string());

const rule = () =>
  z.strictObject({
    apiGroups: texts().optional().describe('"" is the core group'),
    resources: texts().optional().describe('Kinds of objects in the plural, like pods or pods/log'),
    resourceNames: texts().optional().describe('Only the objects of these names'),
    nonResourceURLs: texts().optional().describe('Paths of the API that are no objects, like /healthz'),
    verbs: texts()
      .min(1, { error: 'at least one verb is needed' })
      .describe('What may be done: get, list, watch, create, update, patch, delete, …'),
  });

/** Rights of one's own, as in the inventory and in a file for `--role`. */
export const rulesSchema = () =>
  z.strictObject({
    rules: z.array(rule()).default([]).describe('Within the namespaces'),
    clusterRules: z.array(rule()).default([]).describe('Everywhere'),
  });

/** A user as it is written; the names are checked by rules, which can say more. */
export const userSchema = (surroundings: Surroundings) =>
  z.strictObject({
    name: z.string().describe('What Kubernetes calls the user: the CN of the certificate'),
    groups: texts().default([]).describe('Groups of Kubernetes: the O of the certificate'),
    auth: z.enum(['cert', 'token', 'both']).default('cert').describe('How the user proves who it is'),
    days: z.int().min(1).max(3650).optional().meta({ description: 'Life of the certificate', default: 365 }),
    role: z
      .union([rulesSchema(), z.enum(ROLE_PRESETS)])
      .optional()
      .describe('A preset, or rules of its own'),
    namespaces: texts()
      .min(1, { error: 'at least one namespace is needed' })
      .default(['default'])
      .describe('Where the role holds; made when missing'),
    clusterRole: z.string().min(1).optional().describe('An existing ClusterRole that holds everywhere'),
    allowSystem: z
      .boolean()
      .default(false)
      .describe('Allow names that begin with system:, whose rights cannot be taken back'),
    token: secret(surroundings).optional().describe('Given by hand; profile course only'),
  });

export type WrittenUser = z.output<ReturnType<typeof userSchema>>;

export const resolveUser = ({ days, role, clusterRole, token, ...user }: WrittenUser): User => ({
  ...user,
  groups: [...new Set(user.groups)],
  namespaces: [...new Set(user.namespaces)],
  days,
  role,
  clusterRole,
  token,
});
