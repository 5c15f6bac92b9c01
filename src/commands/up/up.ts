import type { Cluster } from '../../cluster/open.ts';
import { ETCD_CHECK, checkOutsideEtcd } from '../../cluster/etcd-reach.ts';
import { REACH_CHECK, checkReach } from '../../cluster/reach.ts';
import { outcome } from '../../cluster/visit-hosts.ts';
import { type RunOptions, visit } from '../../cluster/visit.ts';
import { BootstrapError } from '../../kernel/errors.ts';
import { isEmpty } from '../../plan/plan.ts';
import { withoutNetwork } from '../../phases/node/nodes.ts';
import { type Goal, converge } from '../../run/converge.ts';
import { type Fleet, alive, sightings } from '../../run/fleet.ts';
import { tellForgotten } from '../plan/forgotten.ts';

/** Brings every host to what the inventory says. Returns the exit code. */
export const up = (options: RunOptions): Promise<number> =>
  visit(options, async ({ cluster, fleet, goal, tell }, plan) => {
    await tell();
    refuseHalfACluster(fleet, goal, cluster);
    tellLater(options, cluster, fleet);
    tellForgotten(options, cluster, fleet);
    const revocable = options.prune ? cluster.revocable(sightings(fleet)) : [];
    if (!isEmpty(plan) && !options.ignorePreflight.includes(REACH_CHECK)) {
      await checkReach(fleet, cluster.world(sightings(fleet)));
    }
    if (!isEmpty(plan) && !options.ignorePreflight.includes(ETCD_CHECK)) {
      await checkOutsideEtcd(fleet, cluster.world(sightings(fleet)));
    }
    if (options.encryptKeys !== undefined) await cluster.seal(options.encryptKeys);
    await converge(fleet, goal, plan, options.stop);
    await cluster.ensureKubectl();
    await cluster.pointKubeconfig(sightings(fleet));
    if (revocable.length > 0) await cluster.users.revokeUnwanted(revocable);
    tellMissingNetwork(options, cluster, fleet);
    await tellWaitingProvisioner(options, cluster, fleet);
    return outcome(fleet);
  });

/** Part of what was asked for has to wait for the cluster. */
function tellLater({ emit }: RunOptions, cluster: Cluster, fleet: Fleet): void {
  const later = cluster.later(sightings(fleet));
  if (later.length === 0) return;
  const message = `there is no cluster yet; with it comes what is left: ${later.join(', ')} (k8s-bootstrap up)`;
  emit({ type: 'note', level: 'warn', message });
}

/** What only the user can do: without it no pod starts, and the run itself has nothing left to do. */
function tellMissingNetwork({ emit }: RunOptions, cluster: Cluster, fleet: Fleet): void {
  const waiting = withoutNetwork(cluster.world(sightings(fleet)));
  if (waiting.length === 0) return;
  const { podCIDR } = cluster.inventory.network;
  const message = `network.cni is none: ${waiting.length === 1 ? 'one node has' : `${waiting.length} nodes have`} no pod network yet. Install one for the range ${podCIDR} (kubectl apply -f FILE; flannel: "Network": "${podCIDR}" in its net-conf.json); the nodes then become Ready by themselves`;
  emit({ type: 'note', level: 'warn', message });
}

/** No gate waits for it, as its image may come from elsewhere; but until it runs no claim gets a volume. */
async function tellWaitingProvisioner({ emit }: RunOptions, cluster: Cluster, fleet: Fleet): Promise<void> {
  if (!cluster.inventory.nfs?.provisioner) return;
  const { provisionerStillWaits } = await import('../nfs/provisioner.ts');
  const waits = await provisionerStillWaits(cluster.inventory, fleet);
  if (waits === undefined) return;
  emit({ type: 'note', level: 'warn', message: `${waits}; "k8s-bootstrap nfs check" finds the cause` });
}

/** A cluster is not begun while a master or etcd member is out of reach; one that stands is worked on without. */
function refuseHalfACluster(fleet: Fleet, goal: Goal, cluster: Cluster): void {
  const lost = [...fleet.members.values()].filter(({ name, failed }) => failed && goal.essential(name));
  if (lost.length === 0) return;
  const world = cluster.world(sightings(fleet));
  if (alive(fleet).some(({ name }) => world.facts(name).cluster !== undefined)) return;
  throw new BootstrapError('E_UNREACHABLE', `${lost.map(({ name }) => name).join(', ')} cannot be reached`, {
    hint: 'A new cluster needs all its masters and etcd members. Nothing was changed.',
    cause: lost[0]?.failed,
  });
}
