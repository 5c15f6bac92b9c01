import type { User } from '../../inventory/types.ts';
import { ROLE_PRESETS, type RolePreset } from '../../templates/rbac.ts';
import { BootstrapError, ExitCode, asBootstrapError } from '../../kernel/errors.ts';
import type { Emit } from '../../run/events.ts';
import { accessOf } from '../../users/access.ts';
import { checkNames } from '../../inventory/user-names.ts';
import { type StateOptions, openState } from '../../cluster/open-state.ts';

export interface RenderOptions extends StateOptions {
  readonly emit: Emit;
  /** A user of the cluster, or a preset. */
  readonly what: string;
  /** For a preset: whom to bind it to, by default a user of the preset's name; and where. */
  readonly user: string | undefined;
  readonly namespaces: readonly string[];
}

/**
 * Prints the manifests that a user's rights come to, or those of a preset; no host is asked.
 * @throws E_USER_UNKNOWN when it is neither, E_USER_NAME; exit code 2
 */
export async function renderAccess(options: RenderOptions): Promise<number> {
  const { what, user, namespaces, emit } = options;
  const known = user === undefined ? await knownUser(options) : undefined;
  const subject = known ?? { name: user ?? what, role: presetOf(what), namespaces, clusterRole: undefined };
  checkNames({ groups: [], allowSystem: known?.allowSystem ?? false, ...subject });
  const { shared, own } = accessOf(subject);
  const objects = [...shared, ...own];
  emit({ type: 'result', answer: 'rbac-render', data: { objects } });
  return ExitCode.ok;
}

/** A preset can be had without any inventory. */
async function knownUser(options: RenderOptions): Promise<User | undefined> {
  try {
    const { users } = await openState(options);
    return users.users().find(({ name }) => name === options.what);
  } catch (thrown) {
    if (asBootstrapError(thrown).code === 'E_INVENTORY_FILE' && isPreset(options.what)) return undefined;
    throw thrown;
  }
}

const isPreset = (text: string): text is RolePreset => ROLE_PRESETS.some((preset) => preset === text);

function presetOf(what: string): RolePreset {
  if (isPreset(what)) return what;
  throw new BootstrapError(
    'E_USER_UNKNOWN',
    `${JSON.stringify(what)} is neither a user of the cluster nor a preset`,
    {
      hint: `Presets are ${ROLE_PRESETS.join(', ')}.`,
      exitCode: ExitCode.usage,
    },
  );
}
