import type { NodeDrained, NodeRemoved, NodeUncordoned } from '../../answers/node.ts';

export const nodeDrainText = ({ node }: NodeDrained): string =>
  `${node} takes no new pods, and has none left but those of DaemonSets. "k8s-bootstrap node uncordon ${node}" ends that.\n`;

export const nodeUncordonText = ({ node }: NodeUncordoned): string => `${node} takes pods.\n`;

export const nodeRemoveText = ({ node, cleaned, setAside, stillIn }: NodeRemoved): string =>
  [
    `${node} is no part of the cluster any more.`,
    ...(setAside.length === 0 ? [] : [`The former data of etcd lies on it in ${setAside.join(', ')}.`]),
    ...(cleaned
      ? [
          `Programs, packages, snapshots of etcd by the clock and what pods left behind are still on it. Before somebody else gets it, "k8s-bootstrap reset --limit ${node}" takes them away, while the inventory names it; or install it anew.`,
        ]
      : [
          `Nothing was done on the host itself. Should it come back, its kubelet would make it a node again: stop kubelet there, or install the host anew.`,
        ]),
    stillIn === null
      ? 'The next "up" takes its routes and addresses away from the other hosts.'
      : `Take it out of ${stillIn} now: the next "up" then takes its routes and addresses away from the other hosts, and would take it in again otherwise.`,
    '',
  ].join('\n');
