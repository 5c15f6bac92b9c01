import { randomBytes } from 'node:crypto';
import { type RunOptions } from '../../../cluster/visit.ts';
import type { Cluster } from '../../../cluster/open.ts';
import type { Host, Inventory } from '../../../inventory/types.ts';
import { ExitCode } from '../../../kernel/errors.ts';
import { alive, onEach, runOn } from '../../../run/fleet.ts';
import { type Answers, told } from './check-report.ts';
import { type Task, checkScript, longest } from './check-script.ts';
import { readFrames } from '../frames.ts';
import { judgeNfs } from './judge-nfs.ts';
import { type Visit, visitFleet } from '../../../cluster/visit-fleet.ts';
import { nfsOf, nodesOf, targetsOf } from '../targets.ts';
import { toldOnce } from '../told-once.ts';
import { hostNames } from '../../../inventory/host-names.ts';
import { outcome, lostIn } from '../../../cluster/visit-hosts.ts';

export interface CheckOptions extends RunOptions {
  /** Names of nodes to mount from; none stands for all. */
  readonly nodes: readonly string[];
  /** Also claim a volume in the cluster. */
  readonly claim: boolean;
  /** For the pods of the claim; with a shell. By default a busybox that all nodes have. */
  readonly image: string | undefined;
}

/**
 * Asks servers what they export, and mounts every export from every node for real: write, read back, delete, unmount.
 * @returns 1 when a check failed, 4 when hosts could not be asked
 */
export const checkNfs = (options: CheckOptions): Promise<number> =>
  visitFleet(
    options,
    (cluster) => visitedHosts(cluster, options),
    async (visit) => {
      const mounts = await checkMounts(options, visit);
      if (!options.claim || options.stop.aborted) return mounts;
      const { checkClaim } = await import('../claim/claim.ts');
      return Math.max(mounts, await checkClaim(options, visit));
    },
  );

type Asked = Pick<Cluster, 'inventory'>;

/** The servers, and of the nodes those that were named. */
function chosenHosts({ inventory }: Asked, nodes: readonly string[]): readonly string[] {
  const chosen = hostNames(inventory, nodes);
  const servers = nfsOf(inventory).hosts;
  return hostsOfNfs({ inventory }).filter((name) => servers.includes(name) || chosen.includes(name));
}

/** With a claim also the masters: it is one of them that makes it. */
export function visitedHosts(
  { inventory }: Asked,
  { nodes, claim }: Pick<CheckOptions, 'nodes' | 'claim'>,
): readonly string[] {
  const chosen = chosenHosts({ inventory }, nodes);
  const isMaster = (host: Host): boolean => host.roles.includes('master');
  return inventory.hosts
    .filter((host) => chosen.includes(host.name) || (claim && isMaster(host)))
    .map(({ name }) => name);
}

/** Servers that are in the inventory, and nodes. */
export function hostsOfNfs({ inventory }: Pick<Cluster, 'inventory'>): readonly string[] {
  const servers = new Set(nfsOf(inventory).hosts);
  const nodes = nodesOf(inventory);
  return inventory.hosts
    .filter((host) => servers.has(host.name) || nodes.includes(host))
    .map(({ name }) => name);
}

/** From the hosts that were chosen; a master that is there for a claim alone is asked nothing, nor missed. */
export async function checkMounts(
  { emit, nodes }: Pick<CheckOptions, 'emit' | 'nodes'>,
  { cluster: { inventory }, fleet }: Visit,
): Promise<number> {
  const nfs = nfsOf(inventory);
  const answers: Answers[] = [];
  const chosen = chosenHosts({ inventory }, nodes);
  const members = alive(fleet).filter(({ name }) => chosen.includes(name));
  await onEach(fleet, members, undefined, async (member) => {
    const host = inventory.hosts.find(({ name }) => name === member.name);
    const task = host && taskOf(inventory, host, nodes);
    if (!task) return;
    const nonce = randomBytes(16).toString('hex');
    const { stdout } = await runOn(fleet, member, {
      script: checkScript(task, nfs, nonce),
      timeoutMs: longest(task) * 1000,
    });
    answers.push({ ...task, host, nonce, steps: readFrames(nonce, stdout) });
  });
  const order = inventory.hosts.map(({ name }) => name);
  answers.sort((a, b) => order.indexOf(a.host.name) - order.indexOf(b.host.name));
  const { problems, ...report } = judgeNfs({ nfs, nodes: nodesOf(inventory), answers });
  const lost = lostIn(fleet).filter((name) => chosen.includes(name));
  const well = problems.length === 0 && lost.length === 0;
  emit({
    type: 'result',
    answer: 'nfs-check',
    data: {
      check: 'mounts',
      well,
      lost,
      ...report,
      problems: problems.map(told),
      causes: toldOnce(problems),
    },
  });
  if (well) return ExitCode.ok;
  return lost.length > 0 ? outcome(fleet) : ExitCode.failed;
}

function taskOf(inventory: Inventory, host: Host, chosen: readonly string[]): Task {
  const targets = targetsOf(inventory);
  return {
    serves: targets.filter(({ server }) => server.host === host.name),
    mounts:
      nodesOf(inventory).includes(host) && (chosen.length === 0 || chosen.includes(host.name)) ? targets : [],
  };
}
