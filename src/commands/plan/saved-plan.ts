import { readFile } from 'node:fs/promises';
import type { OpenState } from '../../cluster/open-state.ts';
import type { Inventory } from '../../inventory/types.ts';
import { writeAtomic } from '../../kernel/atomic-file.ts';
import { BootstrapError, ExitCode } from '../../kernel/errors.ts';
import { type Secret, redactor } from '../../kernel/secret.ts';
import { keyed } from '../../plan/saved/digests.ts';
import type { SavedHost, SavedPlan } from '../../plan/saved/plan-schema.ts';
import { PLAN_KIND, PLAN_VERSION } from '../../plan/saved/version.ts';

/** What a plan is kept with, beside what it says of hosts. */
export interface Keeping {
  readonly inventory: Inventory;
  readonly selection: SavedPlan['selection'];
  readonly key: Secret;
  /** What must stand in no file. */
  readonly secrets: Iterable<Secret>;
  /** Of the program. */
  readonly version: string;
}

/** Writes a plan to a file that only its owner reads, with digests that nobody else can make or guess. */
export async function writePlan(file: string, hosts: readonly SavedHost[], keeping: Keeping): Promise<void> {
  const { inventory, selection, key, secrets, version } = keeping;
  const mask = redactor(secrets);
  const plan: Omit<SavedPlan, 'mac'> = {
    kind: PLAN_KIND,
    version: PLAN_VERSION,
    program: version,
    cluster: inventory.name,
    made: new Date().toISOString(),
    selection,
    inventory: sectionsOf(inventory, key),
    hosts: hosts.map((host) => ({ ...host, phases: masked(host.phases, mask) })),
  };
  await refuseOther(file);
  await writeAtomic(file, `${JSON.stringify({ ...plan, mac: keyed(key, plan) }, null, 2)}\n`, 0o600);
}

const masked = <T>(value: T, mask: (text: string) => string): T =>
  JSON.parse(
    JSON.stringify(value, (name, item: unknown) =>
      typeof item === 'string' && name !== 'was' && name !== 'kind' ? mask(item) : item,
    ),
  ) as T;

/** Each section by itself, so that it can be told which are others; where the file lies makes no difference. */
const sectionsOf = (inventory: Inventory, key: Secret): Record<string, string> =>
  Object.fromEntries(
    Object.entries({ ...inventory, file: undefined }).map(([name, section]) => [
      name,
      keyed(key, [name, section]),
    ]),
  );

/**
 * A plan is written over an earlier one and over nothing else.
 * @throws E_PLAN_FILE
 */
export async function refuseOther(file: string): Promise<void> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw unreadable(file, (error as Error).message);
  });
  if (text === undefined) return;
  const found = json(text);
  if (typeof found === 'object' && found !== null && (found as { kind?: unknown }).kind === PLAN_KIND) return;
  throw new BootstrapError('E_PLAN_FILE', `${file} is there, and is no plan`, {
    hint: 'It is left as it is. Name a file that is not there, or an earlier plan.',
    exitCode: ExitCode.usage,
  });
}

/** @throws E_PLAN_FILE for a file that is no plan as this program writes them */
export async function readPlan(file: string): Promise<SavedPlan> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw unreadable(file, (error as Error).message);
  });
  const { savedPlan } = await import('../../plan/saved/plan-schema.ts');
  const read = savedPlan.safeParse(json(text));
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  throw unreadable(file, `${issue?.path.join('.') || 'it'}: ${issue?.message ?? ''}`);
}

/**
 * Whether a plan was made from this inventory, by this program, with the key of this state folder.
 * @throws E_PLAN_FILE for one that was edited, or made elsewhere; E_PLAN_OTHER naming what differs
 */
export function refuseStale(
  file: string,
  { mac, ...plan }: SavedPlan,
  { inventory, pki }: OpenState,
  version: string,
): Secret {
  const key = pki.planKey();
  if (plan.cluster !== inventory.name) throw other(file, `it is of the cluster ${plan.cluster}`);
  if (plan.program !== version)
    throw other(file, `k8s-bootstrap ${plan.program} made it, and this is ${version}`);
  if (!key || keyed(key, plan) !== mac) {
    throw unreadable(file, 'it was edited since, or made with another state folder');
  }
  const now = sectionsOf(inventory, key);
  const names = [...new Set([...Object.keys(now), ...Object.keys(plan.inventory)])];
  const differing = names.filter((name) => now[name] !== plan.inventory[name]);
  if (differing.length > 0) throw other(file, `the inventory says something else of ${differing.join(', ')}`);
  return key;
}

const AGAIN = 'Nothing was changed. Make the plan anew with "plan --out", and look at it.';

const other = (file: string, why: string): BootstrapError =>
  new BootstrapError('E_PLAN_OTHER', `${file} is no plan of what would be done now: ${why}`, {
    hint: AGAIN,
    exitCode: ExitCode.usage,
  });

const unreadable = (file: string, why: string): BootstrapError =>
  new BootstrapError('E_PLAN_FILE', `${file} is no plan that can be carried out: ${why}`, {
    hint: AGAIN,
    exitCode: ExitCode.usage,
  });

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
