import { setTimeout as sleep } from 'node:timers/promises';
import type { HostStatus, HostStatuses, StatusColumn, Watched } from '../../answers/hosts.ts';
import type { Run, RunOptions } from '../../cluster/visit.ts';
import { asBootstrapError } from '../../kernel/errors.ts';
import type { Plan } from '../../plan/plan.ts';
import { consider } from '../../run/converge.ts';
import type { Fleet } from '../../run/fleet.ts';
import { type Looks, looksAt } from './looks.ts';

export type Survey = Omit<HostStatuses, 'watched'>;

/** How a look becomes an answer. */
export type Surveyor = (run: Pick<Run, 'cluster' | 'fleet'>, plan: Plan) => Promise<Survey>;

export interface WatchOptions extends Pick<RunOptions, 'stop'> {
  readonly everySeconds: number;
}

/**
 * Tells the first look, and looks again until that is ended, over the connections that are there. What happens to a host
 * is in its row, and told nowhere else; why nothing could be made of a look stands below the last one.
 * @returns the last look that was told
 */
export async function watch(
  { cluster, fleet, goal }: Pick<Run, 'cluster' | 'fleet' | 'goal'>,
  { everySeconds, stop }: WatchOptions,
  survey: Surveyor,
  first: Plan,
  tell: (answer: HostStatuses) => void,
): Promise<Survey> {
  // Connections are kept, of how many hosts they may be; whoever ends it ends what is asked, too: it only looks.
  const quiet: Fleet = {
    ...fleet,
    emit: () => undefined,
    concurrency: Infinity,
    kill: AbortSignal.any([fleet.kill, stop]),
  };
  const looks: Looks = looksAt(quiet, goal.watches);
  let last = await survey({ cluster, fleet }, first);
  let moved: Watched['moved'] = {};
  let trouble: string | null = null;
  for (;;) {
    tell({ ...last, watched: { at: new Date().toISOString(), everySeconds, moved, trouble } });
    await sleep(everySeconds * 1000, undefined, { signal: stop }).catch(() => undefined);
    if (!stop.aborted) await looks.again(stop);
    if (stop.aborted) return last;
    const before = last;
    try {
      last = await survey({ cluster, fleet: quiet }, await consider(quiet, goal));
      trouble = null;
    } catch (thrown) {
      const { code, message } = asBootstrapError(thrown);
      trouble = `${code}: ${message}`;
      last = { ...last, well: false };
    }
    moved = movedIn(before.hosts, last.hosts);
  }
}

/** What of a host is in a column, as far as it is shown: times that pass are no change. */
const SHOWN: Readonly<Record<StatusColumn, (host: HostStatus) => unknown>> = {
  reached: ({ reached }) => reached,
  components: ({ components }) => components.map(({ unit, state, since }) => [unit, state, since]),
  health: ({ health }) => health.map(({ check, missing }) => [check, missing === null]),
  certificates: ({ certificates: [next] }) => next?.daysLeft,
  drift: ({ drift }) => drift,
};

const COLUMNS = Object.keys(SHOWN) as StatusColumn[];

/** @param before the same hosts, in the same order */
export const movedIn = (before: readonly HostStatus[], after: readonly HostStatus[]): Watched['moved'] =>
  Object.fromEntries(
    after.flatMap((now, index): [string, StatusColumn[]][] => {
      const then = before[index] ?? now;
      const differs = (column: StatusColumn): boolean =>
        JSON.stringify(SHOWN[column](then)) !== JSON.stringify(SHOWN[column](now));
      const columns = then.reached === now.reached ? COLUMNS.filter(differs) : ['reached' as const];
      return columns.length === 0 ? [] : [[now.host, columns]];
    }),
  );
