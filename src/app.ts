import { hostname, userInfo } from 'node:os';
import { connector, knownHostsOf, stateFolderOf } from './app/connect.ts';
import { endingAuthorities } from './app/certs/ending.ts';
import { type Confirm, firstContact } from './app/first-contact.ts';
import type { Cluster, ClusterOptions } from './app/cluster.ts';
import { readInventory } from './app/inventory.ts';
import { REACH_CHECK, checkReach } from './app/reach.ts';
import type { Host, Inventory } from './inventory/types.ts';
import { BootstrapError, ExitCode } from './kernel/errors.ts';
import { type Plan, isEmpty } from './plan/plan.ts';
import { type Goal, consider, converge } from './run/converge.ts';
import {
  type Fleet,
  alive,
  closeAll,
  connectAll,
  hostSummaries,
  makeFleet,
  probeAnew,
  sightings,
} from './run/fleet.ts';

export interface RunOptions extends ClusterOptions {
  readonly command: string;
  readonly acceptNewHostKeys: boolean;
  /** Asks about keys of new hosts; `undefined` when nobody is there to be asked. */
  readonly confirm: Confirm | undefined;
  readonly ignorePreflight: readonly string[];
  /** Hosts that take part; all by default. */
  readonly takesPart?: (host: Host) => boolean;
  /** Seal the private keys on this machine, or open them for good; as they are by default. */
  readonly encryptKeys?: boolean;
  /** First interrupt: finish what runs, then end. */
  readonly stop: AbortSignal;
  /** Second interrupt: end at once. */
  readonly kill: AbortSignal;
}

/** Brings every host to what the inventory says. Returns the exit code. */
export const up = (options: RunOptions): Promise<number> =>
  onHosts(options, async ({ cluster, fleet, goal }, plan) => {
    options.emit({ type: 'plan.ready', plan });
    refuseHalfACluster(fleet, goal, cluster);
    tellLater(options, cluster, fleet);
    const forgotten = tellForgotten(options, cluster, fleet);
    if (!isEmpty(plan) && !options.ignorePreflight.includes(REACH_CHECK)) {
      await checkReach(fleet, cluster.inventory);
    }
    if (options.encryptKeys !== undefined) await cluster.seal(options.encryptKeys);
    await converge(fleet, goal, plan, options.stop);
    if (options.prune && forgotten.length > 0) await cluster.users.revoke(forgotten);
    return outcome(fleet);
  });

/** Says what `up` would do, and touches nothing. */
export const plan = (options: RunOptions & { readonly detailedExitCode: boolean }): Promise<number> =>
  onHosts(options, ({ cluster, fleet }, found) => {
    options.emit({ type: 'plan.ready', plan: found });
    tellForgotten(options, cluster, fleet);
    const code = outcome(fleet);
    return Promise.resolve(
      code === 0 && options.detailedExitCode && !isEmpty(found) ? ExitCode.attention : code,
    );
  });

/** Looks at the hosts and says whether they are fit for what the inventory wants of them. */
export const preflight = (options: RunOptions): Promise<number> =>
  onHosts(options, ({ fleet }) => Promise.resolve(outcome(fleet)));

export interface Run {
  readonly cluster: Cluster;
  readonly fleet: Fleet;
  readonly goal: Goal;
}

/** The way all commands go that look at hosts: open, connect, probe, plan, act, sum up, close. */
export async function onHosts(
  options: RunOptions,
  act: (run: Run, plan: Plan) => Promise<number>,
): Promise<number> {
  const { emit } = options;
  const { inventory, warnings } = await readInventory(options.file, options.env);
  const names = inventory.hosts.filter(options.takesPart ?? (() => true)).map(({ name }) => name);
  emit({ type: 'run.started', command: options.command, cluster: inventory.name, hosts: names });
  for (const { path, message, where } of warnings) {
    emit({
      type: 'note',
      level: 'warn',
      message: `${where.file}:${where.line}:${where.column} ${path}: ${message}`,
    });
  }
  const knownHosts = knownHostsOf(stateFolderOf(inventory), options.acceptNewHostKeys);
  await firstContact({ inventory, knownHosts, emit, confirm: options.confirm, signal: options.kill });
  const fleet = makeFleet(names, { emit, concurrency: inventory.concurrency, kill: options.kill });
  // While the hosts answer, everything else is read; each is asked as soon as it has answered and that is done.
  const opened = open(options, inventory);
  const asked = connectAll(fleet, connector(inventory, knownHosts), async (member) => {
    const found = await opened.catch(() => undefined);
    if (found) await probeAnew(fleet, member, found.goal.watches);
  });
  let cluster: Cluster | undefined;
  try {
    const found = await opened;
    cluster = found.cluster;
    await asked;
    return await act({ ...found, fleet }, await consider(fleet, found.goal));
  } finally {
    await asked;
    emit({
      type: 'summary',
      changed: hostSummaries(fleet).reduce((sum, { changed }) => sum + changed, 0),
      failed: hostSummaries(fleet).filter(({ failed }) => failed).length,
      kubeconfig: !cluster || cluster.pki.isSealed() ? null : cluster.kubeconfigFile,
      hosts: hostSummaries(fleet),
    });
    await closeAll(fleet);
    await cluster?.artifacts.close();
  }
}

/** Everything of the cluster that is on this machine, and what the run is about. */
async function open(options: RunOptions, inventory: Inventory): Promise<Omit<Run, 'fleet'>> {
  const [{ openCluster }, { admission }] = await Promise.all([
    import('./app/cluster.ts'),
    import('./app/admission.ts'),
  ]);
  const cluster = await openCluster(options, inventory);
  for (const message of endingAuthorities(cluster.pki, new Date())) {
    options.emit({ type: 'note', level: 'warn', message });
  }
  const goal: Goal = {
    desire: cluster.desire,
    watches: cluster.watches,
    essential: essentialHosts(inventory),
    admit: admission(cluster, options),
    prepare: cluster.prepare,
    complete: cluster.complete,
    prune: options.prune ?? false,
    owner: `${userInfo().username}@${hostname()} (pid ${process.pid})`,
  };
  return { cluster, goal };
}

/** Masters and etcd members: without one of them a run does not go on. */
function essentialHosts({ hosts }: Inventory): (host: string) => boolean {
  const essential = hosts.filter(({ roles }) => roles.includes('master') || roles.includes('etcd'));
  const names = new Set(essential.map(({ name }) => name));
  return (name) => names.has(name);
}

/** Users whom nothing names any more keep what they have until somebody says otherwise. */
function tellForgotten({ emit, prune }: RunOptions, cluster: Cluster, fleet: Fleet): readonly string[] {
  const forgotten = cluster.forgotten(sightings(fleet));
  for (const name of prune ? [] : forgotten) {
    const message = `${name} is no user of the inventory any more, and can still get in: k8s-bootstrap users revoke ${name}, or up --prune`;
    emit({ type: 'note', level: 'warn', message });
  }
  return forgotten;
}

/** Part of what was asked for has to wait for the cluster. */
function tellLater({ emit }: RunOptions, cluster: Cluster, fleet: Fleet): void {
  const later = cluster.later(sightings(fleet));
  if (later.length === 0) return;
  const message = `there is no cluster yet; with it comes what is left: ${later.join(', ')} (k8s-bootstrap up)`;
  emit({ type: 'note', level: 'warn', message });
}

/** A cluster is not begun while a master or etcd member is out of reach; one that stands is worked on without. */
function refuseHalfACluster(fleet: Fleet, goal: Goal, cluster: Cluster): void {
  const lost = [...fleet.members.values()].filter(({ name, failed }) => failed && goal.essential(name));
  const world = cluster.world(
    new Map(alive(fleet).flatMap(({ name, seen }) => (seen ? [[name, seen]] : []))),
  );
  const stands = cluster.inventory.hosts.some(({ name }) => world.facts(name).cluster !== undefined);
  if (lost.length === 0 || stands) return;
  throw new BootstrapError('E_UNREACHABLE', `${lost.map(({ name }) => name).join(', ')} cannot be reached`, {
    hint: 'A new cluster needs all its masters and etcd members. Nothing was changed.',
    cause: lost[0]?.failed,
  });
}

/** 0 when all hosts got to the end, 4 when some did, 1 when none did. */
export function outcome(fleet: Fleet): number {
  const failed = [...fleet.members.values()].filter((member) => member.failed).length;
  if (failed === 0) return ExitCode.ok;
  return failed === fleet.members.size ? ExitCode.failed : ExitCode.someHostsFailed;
}
