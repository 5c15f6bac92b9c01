import type { Host } from '../inventory/types.ts';
import type { Observed } from '../probe/observe.ts';
import type { HostFacts } from '../facts/facts.ts';
import type { World } from '../phases/phase.ts';

/** One thing that is looked at on every host. */
export interface Check {
  readonly id: string;
  readonly title: string;
  readonly check: (subject: Subject) => readonly Result[];
}

/** A host that was seen. */
export interface Subject {
  readonly world: World;
  readonly host: Host;
  readonly facts: HostFacts;
  readonly seen: Observed;
  readonly time: AskedAt | undefined;
  /** Whether the clocks of all hosts, of several, are wrong by about as much as this one's. */
  readonly allAsWrong: boolean;
  /** Names of other hosts of which the same is true; none where it is empty. */
  readonly twins: (fact: 'machineId' | 'hostname') => readonly string[];
}

export interface Result {
  readonly level: 'error' | 'warn' | 'fixed-by-up';
  readonly message: string;
  readonly hint?: string;
}

/** When a host was asked and when its answer was there, in seconds since 1970 by the controller's clock. */
export interface AskedAt {
  readonly asked: number;
  readonly answered: number;
}

/** Seconds by which a host's clock is wrong; a clock that is right lies between question and answer. */
export const skewOf = ({ clock }: HostFacts, { asked, answered }: AskedAt): number =>
  clock < asked ? clock - asked : Math.max(0, clock - answered);

export const error = (message: string, hint: string): Result[] => [{ level: 'error', message, hint }];
export const warn = (message: string, hint: string): Result[] => [{ level: 'warn', message, hint }];
export const fixedByUp = (message: string): Result[] => [{ level: 'fixed-by-up', message }];
