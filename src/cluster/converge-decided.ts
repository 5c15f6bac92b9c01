import type { Plan } from '../plan/plan.ts';
import { type Goal, consider, converge } from '../run/converge.ts';
import { type Fleet, sightings } from '../run/fleet.ts';
import type { Cluster } from './open.ts';

/** Makes a plan happen; and what had to wait for an API server that tells what was decided of people, once one does. */
export async function convergeDecided(
  cluster: Pick<Cluster, 'reconsider'>,
  fleet: Fleet,
  goal: Goal,
  plan: Plan,
  stop: AbortSignal,
): Promise<void> {
  await converge(fleet, goal, plan, stop);
  if (!cluster.reconsider(sightings(fleet))) return;
  await converge(fleet, goal, await consider(fleet, goal), stop);
}
