import { ExitCode } from '../../kernel/errors.ts';
import type { Secret } from '../../kernel/secret.ts';
import type { Emit } from '../../run/events.ts';
import { loadRelease } from '../../release/release.ts';
import { type Environment, readInventory } from '../../cluster/read-inventory.ts';

/** Checks an inventory by itself; throws with every problem at once. */
export async function validate(
  file: string,
  env: Environment,
  secrets: Set<Secret>,
  emit: Emit,
): Promise<number> {
  const { inventory, warnings } = await readInventory(file, env, secrets);
  for (const { path, message, where } of warnings) {
    emit({
      type: 'note',
      level: 'warn',
      message: `${where.file}:${where.line}:${where.column} ${path}: ${message}`,
    });
  }
  const { hosts, kubernetes, profile } = inventory;
  const { version } = kubernetes;
  const weaknesses = loadRelease(version).weaknesses.map(({ id, says, link, mendedIn, remedy }) => ({
    id,
    says,
    link,
    mendedIn: mendedIn ?? null,
    remedy: remedy ?? null,
  }));
  emit({
    type: 'result',
    answer: 'validate',
    data: { valid: true, file, hosts: hosts.length, version, profile, weaknesses },
  });
  return ExitCode.ok;
}
