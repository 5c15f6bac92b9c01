import type { ErrorReport } from './error-text.ts';
import { PlannedChanges } from './plan-text.ts';
import type { PrintableEvent } from './printable.ts';

/** What the summary needs and its event does not carry. */
export interface History {
  command: string;
  hosts: readonly string[];
  /** Of the plan that comes next. */
  readonly planned: PlannedChanges;
  /** Ids of the phases or steps that were told, in their order. */
  phases: readonly string[];
  ending: 'answer' | undefined;
  /** The inventory file for further commands, when they would not find it themselves. */
  inventory: string | undefined;
  /** What the run as a whole ended with. */
  endedBy: ErrorReport | undefined;
  /** Gates among them, as what was waited for. */
  readonly steps: StepTime[];
  readonly failures: Failure[];
  /** About what must not stand in the way on a host. */
  readonly findings: Finding[];
}

export interface Finding {
  readonly host: string;
  /** As the refusal repeats them. */
  readonly lines: readonly string[];
}

export interface Failure {
  readonly host: string;
  readonly phase?: string;
  readonly error: ErrorReport;
}

export interface StepTime {
  readonly host: string;
  readonly phase: string;
  readonly step: string;
  readonly milliseconds: number;
}

export const emptyHistory = (verbose: boolean): History => ({
  command: '',
  hosts: [],
  planned: new PlannedChanges(verbose),
  phases: [],
  ending: undefined,
  inventory: undefined,
  endedBy: undefined,
  steps: [],
  failures: [],
  findings: [],
});

export function remember(history: History, event: PrintableEvent): void {
  if (event.type === 'run.started') {
    history.command = event.command;
    history.hosts = event.hosts;
    history.ending = event.ending;
    history.inventory = event.inventory;
  } else if (event.type === 'host.planned') {
    history.planned.add(event.plan);
  } else if (event.type === 'plan.ready') {
    history.phases = event.summary.phases;
  } else if (event.type === 'procedure.planned') {
    history.phases = event.steps.map(({ id }) => id);
  } else if (event.type === 'step.done') {
    history.steps.push(event);
  } else if (event.type === 'gate.passed') {
    const { host, phase, title, milliseconds } = event;
    history.steps.push({ host, phase, step: `wait: ${title}`, milliseconds });
  } else if (event.type === 'host.failed') {
    history.failures.push(event);
  } else if (event.type === 'preflight' && event.level === 'error') {
    const lines = `${event.message}\n${event.hint ?? ''}`.split('\n').filter(Boolean);
    history.findings.push({ host: event.host, lines });
  } else if (event.type === 'run.failed') {
    history.endedBy = event.error;
  }
}

/** Hosts for which the run was refused: something on them was found to stand in the way, and ended it. */
export const refusedHosts = ({ findings, endedBy }: Pick<History, 'findings' | 'endedBy'>): Set<string> =>
  new Set(
    findings
      .filter(({ host, lines: [first = ''] }) => endedBy?.message.includes(`${host}: ${first}`))
      .map(({ host }) => host),
  );
