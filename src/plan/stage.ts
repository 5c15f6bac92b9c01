import type { Observed, Watch } from '../probe/observe.ts';
import type { Resource } from '../resources/resource.ts';

/**
 * A phase bound to one cluster and to what was seen of it: all that planning and running need to know.
 * Neither ever sees the inventory.
 */
export interface Stage {
  readonly id: string;
  readonly title: string;
  /** Names of the hosts that take part, in the order in which they are rolled. */
  readonly hosts: readonly string[];
  /** `rolling`: running members are restarted one at a time, each behind its gates. */
  readonly batch: 'parallel' | 'rolling';
  /** Of so many hosts, how many have to be well while one of them is out of service. */
  mustStand(hosts: number): number;
  resources(host: string): readonly Resource[];
  /** What must hold on a host before the run goes on; also what tells whether the cluster is healthy. */
  gates(host: string): readonly Gate[];
}

/** A wait, as data: what to look at, until when, and whose journal to show when it does not come true. */
export interface Gate {
  readonly title: string;
  /** Where to look; often the host itself, for nodes a master. */
  readonly at: string;
  readonly watches: readonly Watch[];
  /** What is still missing, in words, or `undefined` when it holds. */
  judge(seen: Observed): string | undefined;
  readonly timeoutSeconds: number;
  readonly units: readonly string[];
}

/** From what was seen on each host to what is wanted. Pure; called again when more was seen. */
export type Desire = (seen: ReadonlyMap<string, Observed>) => readonly Stage[];

/** All that must be looked at for these stages, by host. */
export function watchesOf(stages: readonly Stage[]): Map<string, Watch[]> {
  const watches = new Map<string, Watch[]>();
  const add = (host: string, more: readonly Watch[]): void => {
    watches.set(host, [...(watches.get(host) ?? []), ...more]);
  };
  for (const stage of stages) {
    for (const host of stage.hosts) {
      for (const resource of stage.resources(host)) add(host, resource.watches);
      for (const gate of stage.gates(host)) add(gate.at, gate.watches);
    }
  }
  return watches;
}
