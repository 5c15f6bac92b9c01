import type { Cluster } from '../../cluster/open.ts';
import type { RunOptions } from '../../cluster/visit.ts';
import { inTurns } from '../../kernel/breather.ts';
import { changesOf } from '../../plan/plan.ts';
import { judging } from '../../plan/planner.ts';
import { type Fleet, sightings } from '../../run/fleet.ts';

/** So many hosts, and changes of each, are named; of the others it is said how many there are. */
const NAMED = 5;

/**
 * What waits on hosts that a run leaves as they are: members to be restarted, routes to pods of a new node, servers of a
 * balancer. Until they get it, what was changed elsewhere works with what they have.
 */
export async function tellUntouched(
  { emit, limit }: Pick<RunOptions, 'emit' | 'limit'>,
  cluster: Cluster,
  fleet: Fleet,
): Promise<void> {
  if (!limit) return;
  const seen = sightings(fleet);
  const stages = cluster.whole(seen);
  const waiting: string[] = [];
  for (const [host, observed] of seen) {
    if (limit.includes(host)) continue;
    const { plan } = await inTurns(judging(stages, host, observed));
    const about = new Set(limit.map((name) => `node:${name}`));
    const left = changesOf(plan).filter(({ planned }) => !about.has(planned.id));
    if (left.length === 0) continue;
    const titles = left.slice(0, NAMED).map(({ phase, planned }) => `${phase}: ${planned.title}`);
    const more = left.length > NAMED ? [`${left.length - NAMED} more`] : [];
    waiting.push(`${host} is left as it is by --limit, and needs: ${[...titles, ...more].join('; ')}`);
  }
  for (const message of waiting.slice(0, NAMED)) emit({ type: 'note', level: 'warn', message });
  if (waiting.length > NAMED) {
    const message = `${waiting.length - NAMED} more hosts are left as they are, and need something`;
    emit({ type: 'note', level: 'warn', message });
  }
}
