import { BootstrapError } from '../kernel/errors.ts';
import { readFlagTable } from './release-data.ts';

/** What is known of one flag of a component. */
export interface Flag {
  /** False for a flag the component would refuse to start with. */
  readonly known: boolean;
  readonly deprecated: boolean;
  /** One line for a learner, present for every flag that a profile sets by itself. */
  readonly why: string | undefined;
  /** Where to read more: the flag's own page, else the component's reference. */
  readonly link: string;
  /** Ids of the CIS Kubernetes benchmark 1.5 that look at it. */
  readonly cis: readonly string[];
}

export interface FlagTable {
  /** Sorted, without dashes. */
  readonly names: readonly string[];
  flag(name: string): Flag;
}

export const components = [
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kubelet',
  'kube-proxy',
];

/**
 * The table of a component, `release/flags/<component>.yaml`.
 * @throws E_COMPONENT when there is no such component
 */
export function flagTable(component: string): FlagTable {
  if (!components.includes(component)) {
    throw new BootstrapError('E_COMPONENT', `there is no component "${component}"`, {
      hint: `Components are ${components.join(', ')}.`,
    });
  }
  const data = readFlagTable(component);
  const names = [...new Set([...data.known, ...data.deprecated])].sort();
  const known = new Set(names);
  const deprecated = new Set(data.deprecated);
  const explained = new Map(Object.entries(data.set));
  return {
    names,
    flag: (name) => {
      const own = explained.get(name);
      return {
        known: known.has(name),
        deprecated: deprecated.has(name),
        why: own?.why,
        link: own?.link ?? data.reference,
        cis: [own?.cis ?? []].flat(),
      };
    },
  };
}
