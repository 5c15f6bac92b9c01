import { convergeDecided } from '../../cluster/converge-decided.ts';
import { type Run, type RunOptions, visit } from '../../cluster/visit.ts';
import { BootstrapError } from '../../kernel/errors.ts';
import { decidedInCluster } from '../../phases/control-plane/decided-users.ts';
import { refuseOutdated } from '../../phases/control-plane/outdated-users.ts';
import { withRole } from '../../phases/shared/topology.ts';
import { consider, tellPlan } from '../../run/converge.ts';
import { sightings } from '../../run/fleet.ts';
import { outdatedUsersChecks } from '../../preflight/outdated-users.ts';
import type { Decision } from '../../users/decisions.ts';
import { lostIn, outcome } from '../../cluster/visit-hosts.ts';

export interface AppliedUsers {
  readonly code: number;
  /** Masters that were not brought there: what they hold of users is as it was. */
  readonly missed: readonly string[];
}

/** What the masters tell before anything is decided. */
export interface Standing {
  readonly run: Run;
  /** Whether there is a cluster. */
  readonly stands: boolean;
  /** What the cluster was told last of the person. */
  readonly there: Decision | undefined;
}

/**
 * Brings what is wanted of users to the masters, and nothing else: their rights, and with `tokens` the token file, for
 * which the API servers are restarted one at a time if it changes. A master that cannot be reached does not stop the
 * others: rights are taken back for the whole cluster at any of them.
 * @param tokens whether the person has a token, or had one
 * @param decide records what is decided of the person, by what the masters tell; what throws leaves all as it is
 * @throws E_NO_CLUSTER when the masters have none yet; E_USER_REVOKED, E_USER_OUTDATED when somebody else would get other
 * rights with it than were decided last
 */
export async function applyUsers(
  options: RunOptions,
  name: string,
  tokens: boolean,
  decide: (standing: Standing) => Promise<void>,
): Promise<AppliedUsers> {
  const only = ['base', ...(tokens ? ['apiserver'] : []), 'users'];
  const takesPart = ({ roles }: { readonly roles: readonly string[] }): boolean => roles.includes('master');
  // Of the person it is decided here; all others are judged below.
  const mends = outdatedUsersChecks.map(({ id }) => id);
  let missed: readonly string[] = [];
  const code = await visit({ ...options, only, takesPart, mends }, async (run) => {
    const { cluster, fleet, goal } = run;
    const world = cluster.world(sightings(fleet));
    const stands = withRole(world, 'master').some(
      ({ name: host }) => world.facts(host).cluster !== undefined,
    );
    await decide({ run, stands, there: decidedInCluster(world).get(name) });
    if (!stands && outcome(fleet) === 0) {
      throw new BootstrapError('E_NO_CLUSTER', `the cluster ${cluster.inventory.name} does not stand yet`, {
        hint: 'Run "k8s-bootstrap up" first: it makes its users as well.',
      });
    }
    if (stands) {
      refuseOutdated(world);
      const plan = await consider(fleet, goal);
      await tellPlan(fleet, goal, plan);
      await convergeDecided(cluster, fleet, goal, plan, options.stop);
    }
    missed = lostIn(fleet);
    return outcome(fleet);
  });
  return { code, missed };
}
