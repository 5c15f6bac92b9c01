import type { Cluster } from '../../cluster/open.ts';
import { convergeDecided } from '../../cluster/converge-decided.ts';
import { ETCD_CHECK, checkOutsideEtcd } from '../../cluster/etcd-reach.ts';
import { REACH_CHECK, checkReach } from '../../cluster/reach.ts';
import { outcome } from '../../cluster/visit-hosts.ts';
import { type RunOptions, visit } from '../../cluster/visit.ts';
import { type Plan, isEmpty } from '../../plan/plan.ts';
import { withoutNetwork } from '../../phases/node/nodes.ts';
import { converge } from '../../run/converge.ts';
import { type Fleet, sightings } from '../../run/fleet.ts';
import { tellForgotten } from '../plan/forgotten.ts';
import { refuseHalfACluster } from '../plan/half-a-cluster.ts';
import { tellRotations } from '../plan/rotations.ts';
import { tellUntouched } from '../plan/untouched.ts';
import type { Confirmation, Kept } from './agreed.ts';

export interface UpOptions extends RunOptions {
  readonly kept?: Kept;
}

/** Brings every host to what the inventory says. Returns the exit code. */
export async function up(options: UpOptions): Promise<number> {
  if (!options.kept) return run(options);
  const { agreedTo } = await import('./agreed.ts');
  const { selected, confirm } = await agreedTo(options, options.kept);
  return run({ ...options, ...selected }, confirm);
}

/** @param confirm throws when what is found is not what was agreed to */
const run = (options: RunOptions, confirm?: Confirmation): Promise<number> =>
  visit(options, async ({ cluster, fleet, goal, tell }, plan) => {
    await tell();
    await confirm?.(fleet, goal, plan);
    refuseHalfACluster(fleet, goal, cluster, options.limit);
    tellLater(options, cluster, fleet);
    tellForgotten(options, cluster, fleet);
    tellRotations(options, cluster);
    await tellUntouched(options, cluster, fleet);
    const revocable = options.prune && options.limit === undefined ? cluster.revocable(sightings(fleet)) : [];
    if (!isEmpty(plan) && !options.ignorePreflight.includes(REACH_CHECK)) {
      await checkReach(fleet, cluster.world(sightings(fleet)));
    }
    if (!isEmpty(plan) && !options.ignorePreflight.includes(ETCD_CHECK)) {
      await checkOutsideEtcd(fleet, cluster.world(sightings(fleet)));
    }
    if (options.encryptKeys !== undefined) await cluster.seal(options.encryptKeys);
    // A plan that was kept is done, and nothing else.
    if (confirm) {
      const sure = { ...goal, confirm: (now: Plan) => confirm(fleet, goal, now) };
      await converge(fleet, sure, plan, options.stop);
    } else await convergeDecided(cluster, fleet, goal, plan, options.stop);
    await cluster.ensureKubectl();
    await cluster.pointKubeconfig(sightings(fleet));
    if (revocable.length > 0) tellRevoked(options, await cluster.users.revokeUnwanted(revocable));
    tellMissingNetwork(options, cluster, fleet);
    await tellWaitingProvisioner(options, cluster, fleet);
    return outcome(fleet, options.limit);
  });

/** On this machine their keys go as well. */
function tellRevoked({ emit }: RunOptions, names: readonly string[]): void {
  for (const name of names) {
    const message = `${name} is revoked; what was kept of this user on this machine (users/${name}) is deleted`;
    emit({ type: 'note', level: 'info', message });
  }
}

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
