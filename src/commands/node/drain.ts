import { type ProcedureOptions, visitProcedure } from '../../cluster/visit-procedure.ts';
import { nodeLook } from './node-look.ts';
import {
  type DrainOptions,
  askedNodes,
  draining,
  knownNode,
  refuseNoName,
  uncordoning,
} from './node-steps.ts';

export interface NodeOptions extends ProcedureOptions {
  readonly node: string;
}

/** Takes the pods off a node, as their disruption budgets allow; it stays a node. */
export const nodeDrain = async (options: NodeOptions & DrainOptions): Promise<number> => {
  const { node } = options;
  refuseNoName(node);
  return visitProcedure(options, {
    look: nodeLook(node, true),
    steps(world) {
      const { at, nodes } = askedNodes(world);
      knownNode(nodes, node);
      return [draining(at, node, options)];
    },
    confirm: () => ({ question: `The pods of ${node} end.`, word: node }),
    done: () => {
      options.emit({ type: 'result', answer: 'node-drain', data: { node } });
    },
  });
};

/** Lets a node take pods again. */
export const nodeUncordon = async (options: NodeOptions): Promise<number> => {
  const { node } = options;
  refuseNoName(node);
  return visitProcedure(options, {
    look: nodeLook(node, true),
    steps(world) {
      const { at, nodes } = askedNodes(world);
      return knownNode(nodes, node).spec?.unschedulable === true ? [uncordoning(at, node)] : [];
    },
    confirm: () => ({ question: `${node} takes pods again.`, word: node }),
    done: () => {
      options.emit({ type: 'result', answer: 'node-uncordon', data: { node } });
    },
  });
};
