import type { Host, Inventory } from '../inventory/types.ts';
import { BootstrapError, ExitCode } from '../kernel/errors.ts';
import type { World } from '../phases/phase.ts';
import type { Watch } from '../probe/observe.ts';
import { type Fleet, sightings } from '../run/fleet.ts';
import { type ProcedureStep, planned, runProcedure } from '../run/procedure.ts';
import { settled } from '../run/settled.ts';
import type { Cluster } from './open.ts';
import { unjudged } from './unjudged.ts';
import { type RunOptions, visit } from './visit.ts';
import { outcome } from './visit-hosts.ts';

/** What a command looks at that does not go by the plan. */
export interface Look {
  /** Phases whose questions are asked, and whose stages hosts may be brought to. */
  readonly phases: readonly string[];
  readonly takesPart: (host: Host) => boolean;
  /** Preflight checks whose findings are what it mends; of all others, those count that no option passes over. */
  readonly mends: readonly string[];
  /** Further questions to a host. */
  readonly asks?: (inventory: Inventory, host: Host) => readonly Watch[];
}

export interface ProcedureOptions extends RunOptions {
  /** The steps are told, and nothing is done. */
  readonly dryRun: boolean;
  /** Nothing need be typed; or what was typed already. */
  readonly yes: boolean | string;
}

export interface Confirmation {
  readonly question: string;
  readonly word: string;
  /** Whether `--yes` wants the word as well. */
  readonly namesIt?: boolean;
}

/** What a command that is a procedure is about. */
export interface ClusterProcedure {
  readonly look: Look;
  /** The steps that are left, by what was seen; throws when it is refused. Pure. */
  readonly steps: (world: World, cluster: Cluster) => readonly ProcedureStep[];
  /** What is to be typed before something is destroyed. */
  readonly confirm: (inventory: Inventory) => Confirmation;
  /** What it answers when all is done. */
  readonly done: (cluster: Cluster, fleet: Fleet) => void | Promise<void>;
}

/** Refusals that the late answer of a busy host can cause. */
export const MAY_PASS = ['E_ETCD_NO_QUORUM'];

/** A run that looks at this alone. */
export const lookingAt = (options: RunOptions, { phases, takesPart, mends, asks }: Look): RunOptions => ({
  ...unjudged(options),
  only: phases,
  takesPart,
  mends,
  ...(asks && { asks }),
});

/** The ladder of a procedure: look, tell the steps, ask, do them, answer. */
export const visitProcedure = (
  options: ProcedureOptions,
  { look, steps, confirm, done }: ClusterProcedure,
): Promise<number> =>
  visit(lookingAt(options, look), async ({ cluster, fleet, goal }) => {
    const { stop } = options;
    const left = (): readonly ProcedureStep[] => steps(cluster.world(sightings(fleet)), cluster);
    const how = { left, mayPass: MAY_PASS, stop };
    const told = await settled(fleet, goal, { ...how, judge: left });
    options.emit({ type: 'procedure.planned', steps: planned(told) });
    if (options.dryRun) return outcome(fleet);
    if (told.some(({ destroys }) => destroys !== undefined)) {
      await refuseUnconfirmed(options, confirm(cluster.inventory));
    }
    if (told.length > 0) await runProcedure(fleet, goal, { told, ...how });
    await done(cluster, fleet);
    return outcome(fleet);
  });

/** @throws E_NOT_CONFIRMED */
export async function refuseUnconfirmed(
  { yes, confirm }: Pick<ProcedureOptions, 'yes' | 'confirm'>,
  { question, word, namesIt = typeof yes === 'string' }: Confirmation,
): Promise<void> {
  if (
    yes === true ||
    yes === word ||
    (yes === false && confirm && (await confirm(`${question} Type "${word}" to confirm:`, word)))
  )
    return;
  throw new BootstrapError('E_NOT_CONFIRMED', `"${word}" was not typed`, {
    hint: `Nothing was changed. Type it on the terminal, or give --yes${namesIt ? ` ${word}` : ''}.`,
    exitCode: ExitCode.usage,
  });
}
