import type { Piecewise } from '../kernel/breather.ts';
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
  readonly hosts: ReadonlySet<string>;
  /**
   * `rolling`: running members are restarted one at a time, each behind its gates. `canary`: one of those that run goes
   * first, and the others follow at once when it has come back.
   */
  readonly batch: Batch;
  /** Of so many hosts, how many have to be well while one of them is out of service. */
  readonly mustStand: (hosts: number) => number;
  /** Whether a host is taken in by those that are there: one at a time, each by what they then know. */
  readonly joins: (host: string) => boolean;
  resources(host: string): readonly Resource[];
  /** What must hold on a host before the run goes on; also what tells whether the cluster is healthy. */
  gates(host: string): readonly Gate[];
}

export type Batch = 'parallel' | 'canary' | 'rolling';

/** A wait, as data: what to look at, until when, and whose journal to show when it does not come true. */
export interface Gate {
  readonly title: string;
  /** Where to look; often the host itself, for nodes a master. */
  readonly at: string;
  readonly watches: readonly Watch[];
  /** What is still missing, in words, or `undefined` when it holds. */
  judge(seen: Observed): string | undefined;
  /** The same as a command of sh, for whoever waits by hand: it ends well when the gate holds. None where one host cannot tell. */
  readonly condition?: string;
  readonly timeoutSeconds: number;
  readonly units: readonly string[];
}

/** From what was seen on each host to what is wanted. Pure; called again when more was seen. */
export type Desire = (seen: ReadonlyMap<string, Observed>) => readonly Stage[];

/** Whether none of its hosts can be out of service for a moment without too few being left. */
export const hasNoReserve = ({ hosts, mustStand }: Stage): boolean => mustStand(hosts.size) > hosts.size - 1;

/** What must be looked at on a host for its part in a stage. */
export const watchesAt = (stage: Stage, host: string): Watch[] => [
  ...stage.resources(host).flatMap(({ watches }) => watches),
  ...stage.gates(host).flatMap(({ at, watches }) => (at === host ? watches : [])),
];

/** What gates of other hosts look at (their nodes, on a master), each question once, by the host that is asked. */
export const gatesElsewhere = (stages: readonly Stage[]): Piecewise<Map<string, Watch[]>> =>
  gateQuestions(stages, (at, host) => at !== host);

/** What gates look at, as far as it is wanted, each question once, by the host that is asked. */
export function* gateQuestions(
  stages: readonly Stage[],
  isWanted: (at: string, host: string, watch: Watch) => boolean,
): Piecewise<Map<string, Watch[]>> {
  const found = new Map<string, Map<string, Watch>>();
  for (const stage of stages) {
    for (const host of stage.hosts) {
      for (const { at, watches } of stage.gates(host)) {
        for (const watch of watches) {
          if (!isWanted(at, host, watch)) continue;
          const known = found.get(at) ?? new Map<string, Watch>();
          found.set(at, known.set(`${watch.kind}:${watch.key}`, watch));
        }
      }
      yield;
    }
  }
  return new Map([...found].map(([host, watches]) => [host, [...watches.values()]]));
}
