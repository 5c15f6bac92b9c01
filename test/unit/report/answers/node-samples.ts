import type { Answers } from '../../../../src/answers/answers.ts';

/** Answers about nodes. */
export const nodeSamples: Pick<Answers, Extract<keyof Answers, `node-${string}`>> = {
  'node-drain': { node: 'w1' },
  'node-remove': {
    node: 'm3',
    cleaned: true,
    setAside: ['/var/lib/etcd/member.set-aside.20260102T030405Z'],
    stillIn: '/home/ops/inventory.yaml',
  },
  'node-uncordon': { node: 'w1' },
};
