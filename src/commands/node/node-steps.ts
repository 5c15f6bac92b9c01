import type { Host } from '../../inventory/types.ts';
import { BootstrapError, ExitCode } from '../../kernel/errors.ts';
import { sh } from '../../kernel/quote.ts';
import type { World } from '../../phases/phase.ts';
import { apiHost } from '../../phases/shared/topology.ts';
import { type NodeObject, kubectl, nodesIn } from '../../resources/cluster/kube-api.ts';
import { type ProcedureStep, running } from '../../run/procedure.ts';

/** The rules of names of nodes (RFC 1123): what comes from the command line reaches scripts and questions. */
const NAME = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/;

/** @throws E_NODE, exit code 2, for what cannot be the name of a node */
export function refuseNoName(name: string): void {
  if (NAME.test(name)) return;
  throw new BootstrapError('E_NODE', `${JSON.stringify(name)} is not the name of a node`, {
    hint: '"kubectl get nodes" and the inventory have the names.',
    exitCode: ExitCode.usage,
  });
}

/**
 * The nodes by name, and the master that tells of them.
 * @throws E_API_DOWN where no master answers
 */
export function askedNodes(world: World): { at: Host; nodes: ReadonlyMap<string, NodeObject> } {
  const [at] = apiHost(world);
  const nodes = at && nodesIn(world.seen(at.name));
  if (at && nodes) return { at, nodes };
  throw new BootstrapError('E_API_DOWN', 'no API server of the masters answers', {
    hint: 'Nothing was changed. "k8s-bootstrap status" shows which component does not run.',
  });
}

/** @throws E_NODE_UNKNOWN, naming those that there are */
export function knownNode(nodes: ReadonlyMap<string, NodeObject>, name: string): NodeObject {
  const node = nodes.get(name);
  if (node) return node;
  throw new BootstrapError('E_NODE_UNKNOWN', `the cluster has no node ${name}`, {
    hint: `Its nodes are ${[...nodes.keys()]
      .filter((one) => NAME.test(one))
      .slice(0, 20)
      .join(', ')}.`,
    exitCode: ExitCode.usage,
  });
}

export interface DrainOptions {
  /** In seconds, for its pods to end and to be made elsewhere. */
  readonly timeout: number;
  /** Pods as well that nothing makes anew. */
  readonly force: boolean;
}

/** Room for kubectl itself beside the time it gives the pods. */
const SLACK_SECONDS = 30;

/** No new pods, and those that are there go as their disruption budgets allow; DaemonSets have theirs on every node. */
export const draining = (at: Host, node: string, { timeout, force }: DrainOptions): ProcedureStep => ({
  id: 'node-drain',
  title: `drain ${node}: its pods end here and are made elsewhere`,
  hosts: [at.name],
  destroys: `what its pods keep in volumes of the node itself (emptyDir) is lost${force ? ', and pods that nothing makes anew are gone' : ''}`,
  does: running(
    `drain ${node}`,
    `${kubectl} drain ${sh`${node}`} --ignore-daemonsets --delete-local-data ${sh`${`--timeout=${timeout}s`}`}${force ? ' --force' : ''}`,
    timeout + SLACK_SECONDS,
  ),
});

export const uncordoning = (at: Host, node: string): ProcedureStep => ({
  id: 'node-uncordon',
  title: `let ${node} take pods again`,
  hosts: [at.name],
  does: running(`uncordon ${node}`, `${kubectl} uncordon ${sh`${node}`}`),
});
