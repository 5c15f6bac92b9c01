import { hostname, userInfo } from 'node:os';
import { hostNames } from '../inventory/host-names.ts';
import type { LoadedInventory } from '../inventory/load.ts';
import type { Host, Inventory } from '../inventory/types.ts';
import type { Plan } from '../plan/plan.ts';
import { type Goal, consider, rehearse, tellPlan } from '../run/converge.ts';
import { type Fleet, alive, probeAnew } from '../run/fleet.ts';
import { hooksOf } from './controller-hook.ts';
import { kubectlHere } from './controller-kubectl.ts';
import { endingAuthorities, endingClient } from './ending-authorities.ts';
import type { OpenState } from './open-state.ts';
import type { Cluster, ClusterOptions } from './open.ts';
import { readInventory } from './read-inventory.ts';
import { type Route, type VisitOptions, visitHosts } from './visit-hosts.ts';

export interface RunOptions extends ClusterOptions, VisitOptions {
  readonly ignorePreflight: readonly string[];
  /** Checks whose findings are what this run is there to mend: they stop nothing, also where no option passes over. */
  readonly mends?: readonly string[];
  /** Hosts that take part; all by default. */
  readonly takesPart?: (host: Host) => boolean;
  /** What digests of secrets on hosts are salted with, where they are compared with those of a plan that was kept. */
  readonly nonces?: ReadonlyMap<string, string>;
  /** Seal the private keys on this machine, or open them for good; as they are by default. */
  readonly encryptKeys?: boolean;
  /** First interrupt: finish what runs, then end. */
  readonly stop: AbortSignal;
  readonly ending?: Route['ending'];
  /** What was read of the cluster before: the inventory, or with keys and users. */
  readonly read?: LoadedInventory;
  readonly state?: OpenState;
}

export interface Run {
  readonly cluster: Cluster;
  readonly fleet: Fleet;
  readonly goal: Goal;
  /** Tells the plan, where that is what was asked for, or what will be done. */
  readonly tell: () => Promise<void>;
}

/**
 * Read, open, connect, ask everything, plan, act, sum up: the way of all commands that go by the phases.
 */
export async function visit(
  options: RunOptions,
  act: (run: Run, plan: Plan) => Promise<number>,
): Promise<number> {
  await refuseUnknown(options);
  const read =
    options.state ?? options.read ?? (await readInventory(options.file, options.env, options.secrets));
  const { inventory } = read;
  if (options.limit) hostNames(inventory, options.limit);
  // While the hosts answer, everything else is read; each is asked as soon as it has answered and that is done.
  const opened = open(options, read);
  let cluster: Cluster | undefined;
  opened.then(
    (found) => ({ cluster } = found),
    () => undefined,
  );
  let rehearsed = false;
  const route = {
    ...read,
    ...(options.ending && { ending: options.ending }),
    ...(options.nonces && { nonces: options.nonces }),
    hosts: inventory.hosts.filter(options.takesPart ?? (() => true)).map(({ name }) => name),
    ask: async (fleet: Fleet, member: Parameters<typeof probeAnew>[1]) => {
      const found = await opened.catch(() => undefined);
      if (!found) return;
      await probeAnew(fleet, member, found.goal.watches);
      const awaited = alive(fleet).filter(({ seen }) => !seen).length;
      if (rehearsed || awaited === 0 || awaited > FEW) return;
      rehearsed = true;
      await rehearse(fleet, found.goal, member.name);
    },
    kubeconfig: () => (!cluster || cluster.pki.isSealed() ? null : cluster.kubeconfigFile),
    kubectl: () => (cluster ? kubectlHere(options.env, cluster.stateFolder) : null),
  };
  try {
    return await visitHosts(route, options, async (fleet) => {
      const found = await opened;
      const plan = await consider(fleet, found.goal);
      return act({ ...found, fleet, tell: () => tellPlan(fleet, found.goal, plan) }, plan);
    });
  } finally {
    await cluster?.artifacts.close();
  }
}

/** Of many hosts there is always one to plan for when another has answered. */
const FEW = 10;

/** Before anybody is dialled; where nothing was chosen, nothing is loaded for it. */
async function refuseUnknown(options: RunOptions): Promise<void> {
  const { only, skip, ignorePreflight } = options;
  if (!only && !skip && ignorePreflight.length === 0) return;
  const [{ selectPhases }, { refuseUnknownChecks }] = await Promise.all([
    import('./stages.ts'),
    import('./admission.ts'),
  ]);
  selectPhases(options);
  refuseUnknownChecks(ignorePreflight);
}

/** Everything of the cluster that is on this machine, and what the run is about. */
async function open(options: RunOptions, read: LoadedInventory): Promise<Omit<Run, 'fleet' | 'tell'>> {
  const [{ openCluster }, { openState }, { admission }] = await Promise.all([
    import('./open.ts'),
    import('./open-state.ts'),
    import('./admission.ts'),
  ]);
  const cluster = await openCluster(options, options.state ?? (await openState(options, read)));
  const admit = admission(cluster, options);
  const now = new Date();
  const { etcdClient } = cluster.world(new Map());
  for (const message of [...endingAuthorities(cluster.pki, now), ...endingClient(etcdClient, now)]) {
    options.emit({ type: 'note', level: 'warn', message });
  }
  await cluster.lookAhead();
  const goal: Goal = {
    desire: cluster.desire,
    watches: cluster.watches,
    essential: essentialHosts(cluster.inventory),
    admit: async (seen, times) => {
      cluster.begin(seen);
      await admit(seen, times);
    },
    prepare: cluster.prepare,
    complete: cluster.complete,
    prune: options.prune ?? false,
    touches: options.limit && among(options.limit),
    hooks: hooksOf(cluster.inventory),
    owner: `${userInfo().username}@${hostname()} (pid ${process.pid})`,
  };
  return { cluster, goal };
}

function among(names: readonly string[]): (host: string) => boolean {
  const set = new Set(names);
  return (host) => set.has(host);
}

/** Masters and etcd members: without one of them a run does not go on. */
function essentialHosts({ hosts }: Inventory): (host: string) => boolean {
  const essential = hosts.filter(({ roles }) => roles.includes('master') || roles.includes('etcd'));
  const names = new Set(essential.map(({ name }) => name));
  return (name) => names.has(name);
}
