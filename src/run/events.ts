import type { Answer } from '../answers/answers.ts';
import type { BootstrapError } from '../kernel/errors.ts';
import type { HostPlan, PlanSummary } from '../plan/plan.ts';
import type { PlannedStep } from '../plan/planned-step.ts';

/** Everything a run tells, in order. Views, the NDJSON stream and the log file are made of these alone. */
export type RunEvent = { readonly at: Date } & (
  | {
      readonly type: 'run.started';
      readonly command: string;
      readonly cluster: string;
      readonly hosts: readonly string[];
      /** Whether the answer says it all, so that a person needs no summary. */
      readonly ending?: 'answer';
      /** The inventory file as it was typed; absent when none was, or the one that is taken anyway. */
      readonly inventory?: string;
    }
  | { readonly type: 'host.connecting'; readonly host: string; readonly attempt: number }
  | { readonly type: 'host.connected'; readonly host: string }
  | { readonly type: 'host.probed'; readonly host: string; readonly milliseconds: number }
  | {
      readonly type: 'host.failed';
      readonly host: string;
      readonly phase?: string;
      readonly error: BootstrapError;
    }
  | {
      readonly type: 'preflight';
      readonly host: string;
      readonly check: string;
      readonly level: 'error' | 'warn' | 'fixed-by-up';
      readonly message: string;
      readonly hint?: string;
    }
  /** One for each host with something to do, before `plan.ready`. */
  | { readonly type: 'host.planned'; readonly plan: HostPlan }
  | {
      readonly type: 'plan.ready';
      /** Of what plans look like to other programs: `k8s-bootstrap schema plan`. */
      readonly version: number;
      readonly summary: PlanSummary;
    }
  /** What a procedure will do, in this order; none when nothing is left to do. */
  | { readonly type: 'procedure.planned'; readonly steps: readonly PlannedStep[] }
  | { readonly type: 'download'; readonly artifact: string; readonly bytes: number; readonly total: number }
  | { readonly type: 'upload'; readonly host: string; readonly bytes: number; readonly total: number }
  | {
      readonly type: 'phase.started';
      readonly phase: string;
      readonly title: string;
      readonly hosts: readonly string[];
    }
  | { readonly type: 'step.started'; readonly phase: string; readonly host: string; readonly step: string }
  | {
      readonly type: 'step.done';
      readonly phase: string;
      readonly host: string;
      readonly step: string;
      readonly milliseconds: number;
    }
  | {
      readonly type: 'gate.waiting';
      readonly phase: string;
      readonly host: string;
      readonly waitingFor: string;
    }
  | {
      readonly type: 'gate.passed';
      readonly phase: string;
      readonly host: string;
      /** Of the gate, as it was waited for. */
      readonly title: string;
      readonly milliseconds: number;
    }
  | {
      readonly type: 'phase.done';
      readonly phase: string;
      readonly milliseconds: number;
      readonly failed: readonly string[];
    }
  /** The run as a whole ends with this error: a bad inventory, a held lock, a bug. */
  | { readonly type: 'run.failed'; readonly error: BootstrapError }
  /** What a command was asked for, other than a plan. */
  | ({ readonly type: 'result' } & Answer)
  | {
      readonly type: 'note';
      readonly level: 'info' | 'warn';
      readonly message: string;
      readonly host?: string;
    }
  | ({ readonly type: 'summary' } & Summary)
);

/** The last event of a run, and the last NDJSON line: the interface scripts rely on. */
export interface Summary {
  readonly changed: number;
  readonly failed: number;
  readonly kubeconfig: string | null;
  /** What runs kubectl on this machine: its name when it is on the PATH, or the file of ours; null when neither is. */
  readonly kubectl: string | null;
  readonly hosts: readonly HostSummary[];
}

export interface HostSummary {
  readonly name: string;
  readonly changed: number;
  readonly failed: boolean;
  readonly connections: number;
  readonly execs: number;
  readonly restarted: readonly string[];
  readonly seconds: number;
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

/** What the engine hands over; the time is added by whoever emits. */
export type Emit = (event: DistributiveOmit<RunEvent, 'at'>) => void;
