import type { Cluster } from '../../../cluster/open.ts';
import type { RunOptions } from '../../../cluster/visit.ts';
import { type Plan, isEmpty, summaryOf } from '../../../plan/plan.ts';
import type { Goal } from '../../../run/converge.ts';
import { type Fleet, sightings } from '../../../run/fleet.ts';
import { refuseHalfACluster } from '../half-a-cluster.ts';
import { writeFolder } from './folder.ts';
import { isSecret } from './files.ts';
import { refuseSealed, scriptFolder } from './script.ts';

/**
 * Writes a plan as scripts. They need what a run makes on this machine first: keys, the administrator's certificate and
 * kubeconfig, programs in the cache. Hosts stay as they are.
 */
export async function writeScripts(
  folder: string,
  options: RunOptions,
  cluster: Cluster,
  fleet: Fleet,
  goal: Goal,
  plan: Plan,
): Promise<void> {
  const { limit, secrets, emit, file } = options;
  refuseHalfACluster(fleet, goal, cluster, limit);
  refuseSealed(cluster);
  const seen = sightings(fleet);
  if (!isEmpty(plan)) await cluster.prepare();
  const order = goal.desire(seen).map(({ id }) => id);
  const { hooks } = summaryOf(plan, seen.size, order, { hooks: goal.hooks?.list ?? [] });
  const entries = await scriptFolder({ cluster, seen, secrets, limit, hooks, inventory: file });
  await writeFolder(folder, entries);
  const secret = [...entries.keys()].some(isSecret);
  const message = `written to ${folder}${secret ? ', with keys and other secrets of hosts in it' : ''}; ${folder}/ORDER.md says how to go on`;
  emit({ type: 'note', level: 'info', message });
}
