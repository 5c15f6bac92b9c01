import { type Run, type RunOptions, visit } from '../../cluster/visit.ts';
import { BootstrapError } from '../../kernel/errors.ts';
import { withRole } from '../../phases/shared/topology.ts';
import { consider, converge, tellPlan } from '../../run/converge.ts';
import { sightings } from '../../run/fleet.ts';
import { lostIn, outcome } from '../../cluster/visit-hosts.ts';

export interface AppliedUsers {
  readonly code: number;
  /** Masters that were not brought there: what they hold of users is as it was. */
  readonly missed: readonly string[];
}

/**
 * Brings what is wanted of users to the masters, and nothing else: their rights, and with `tokens` the token file, for
 * which the API servers are restarted one at a time if it changes. A master that cannot be reached does not stop the
 * others: rights are taken back for the whole cluster at any of them.
 * @param first what is to be settled by what the masters hold, before anything is recorded or planned
 * @throws E_NO_CLUSTER when the masters have none yet
 */
export async function applyUsers(
  options: RunOptions,
  tokens: boolean,
  first?: (run: Run) => Promise<void>,
): Promise<AppliedUsers> {
  const only = ['base', ...(tokens ? ['apiserver'] : []), 'users'];
  const takesPart = ({ roles }: { readonly roles: readonly string[] }): boolean => roles.includes('master');
  let missed: readonly string[] = [];
  const code = await visit({ ...options, only, takesPart }, async (run, planned) => {
    const { cluster, fleet, goal, tell } = run;
    const world = cluster.world(sightings(fleet));
    const stands = withRole(world, 'master').some(({ name }) => world.facts(name).cluster !== undefined);
    if (!stands && outcome(fleet) === 0) {
      throw new BootstrapError('E_NO_CLUSTER', `the cluster ${cluster.inventory.name} does not stand yet`, {
        hint: 'Run "k8s-bootstrap up" first: it makes its users as well.',
      });
    }
    await first?.(run);
    if (stands) {
      const plan = first ? await consider(fleet, goal) : planned;
      await (first ? tellPlan(fleet, goal, plan) : tell());
      await converge(fleet, goal, plan, options.stop);
    }
    missed = lostIn(fleet);
    return outcome(fleet);
  });
  return { code, missed };
}
