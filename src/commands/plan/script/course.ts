import { changes, type Change } from '../../../resources/resource.ts';
import { groupsOf } from '../../../plan/groups.ts';
import { type Due, dueOn } from '../../../plan/planner.ts';
import type { Gate, Stage } from '../../../plan/stage.ts';
import type { Observed } from '../../../probe/observe.ts';

/** What one host does in a step of the course: phase by phase. */
export interface HostWork {
  readonly host: string;
  readonly phases: readonly PhaseWork[];
}

export interface PhaseWork {
  readonly phase: string;
  readonly title: string;
  readonly due: readonly Due[];
}

/** What is waited for on a host, for itself or for others, and for which host. */
export interface HostWait {
  readonly at: string;
  readonly gates: readonly { readonly of: string; readonly gate: Gate }[];
}

/** Hosts of a step go in any order, or at once; when all have, what is waited for has to come true. */
export interface CourseStep {
  readonly phases: readonly Pick<Stage, 'id' | 'title'>[];
  readonly work: readonly HostWork[];
  readonly waits: readonly HostWait[];
  /** Whether a member that works goes out of service meanwhile. */
  readonly takesDown: boolean;
}

/** The whole way as far as it can be told, and what has to be known for the rest. */
export interface Course {
  readonly steps: readonly CourseStep[];
  readonly rest: { readonly title: string; readonly waitsFor: string } | undefined;
}

export interface CourseOptions {
  readonly stages: readonly Stage[];
  /** What was seen, with what may be taken for granted. */
  readonly seen: ReadonlyMap<string, Observed>;
  /** What was seen: it tells who works now. */
  readonly real: ReadonlyMap<string, Observed>;
  readonly touches: (host: string) => boolean;
}

/**
 * The order in which a run would go over the hosts, as one list: groups of rolling stages one after the other, each with
 * its gates behind it. Stages in which no host has to wait for another are one step. Pure.
 */
export function courseOf({ stages, seen, real, touches }: CourseOptions): Course {
  const done = new Map([...seen.keys()].map((host) => [host, new Map<string, Change>()]));
  const steps: CourseStep[] = [];
  for (const stage of stages) {
    const { id, title } = stage;
    const members = [...seen].flatMap(([name, observed]) =>
      stage.hosts.has(name) ? [{ name, due: dueOn(stage, name, observed, new Map(done.get(name))) }] : [],
    );
    const unknown = members
      .flatMap(({ due }) => due)
      .flatMap(({ change }) => (change.kind === 'unknown' ? [change] : []));
    if (unknown[0]) return { steps, rest: { title, waitsFor: unknown[0].waitsFor } };
    const busy = members.filter(({ due }) => due.length > 0);
    const down = new Set(busy.filter(({ name }) => lacking(stage, name, real).length > 0));
    const groups = groupsOf(stage, busy, down);
    const waiting = (names: readonly string[]): HostWait[] =>
      waitsOf(
        // What only several hosts together tell is nothing to wait for on one.
        names.flatMap((of) =>
          stage.gates(of).flatMap((gate) => (gate.condition === undefined ? [] : [{ of, gate }])),
        ),
        [...stage.hosts],
      );
    const idle = members
      .map(({ name }) => name)
      .filter((name) => touches(name) && !busy.some((one) => one.name === name))
      .filter((name) => lacking(stage, name, real).length > 0);
    if (idle.length > 0)
      steps.push({ phases: [{ id, title }], work: [], waits: waiting(idle), takesDown: false });
    let joined = false;
    for (const group of groups) {
      // Who joins next is told how by those who have joined.
      if (group.joins && joined) return { steps, rest: { title, waitsFor: 'the member that joins first' } };
      joined ||= group.joins;
      add(steps, {
        phases: [{ id, title }],
        work: group.members.map(({ name, due }) => ({ host: name, phases: [{ phase: id, title, due }] })),
        waits: waiting(group.members.map(({ name }) => name)),
        takesDown: group.takesDown,
      });
    }
    for (const { name, due } of busy) {
      for (const { resource, change } of due) if (changes(change)) done.get(name)?.set(resource.id, change);
    }
  }
  return { steps, rest: undefined };
}

/** Gates of a host that do not hold by what was seen. */
const lacking = (stage: Stage, host: string, real: ReadonlyMap<string, Observed>): Gate[] =>
  stage.gates(host).filter((gate) => {
    const seen = real.get(gate.at);
    return seen === undefined || gate.judge(seen) !== undefined;
  });

function waitsOf(gates: readonly { of: string; gate: Gate }[], order: readonly string[]): HostWait[] {
  const places = [...new Set(gates.map(({ gate }) => gate.at))];
  return places
    .toSorted((a, b) => order.indexOf(a) - order.indexOf(b))
    .map((at) => ({ at, gates: gates.filter(({ gate }) => gate.at === at) }));
}

/** A step that nobody waits for or in is one with the step before, if that is such a step too. */
function add(steps: CourseStep[], step: CourseStep): void {
  const last = steps.at(-1);
  const isFree = ({ waits, takesDown, work }: CourseStep): boolean =>
    waits.length === 0 && !takesDown && work.length > 0;
  if (!last || !isFree(last) || !isFree(step)) {
    steps.push(step);
    return;
  }
  const hosts = [...new Set([...last.work, ...step.work].map(({ host }) => host))];
  steps[steps.length - 1] = {
    phases: [...last.phases, ...step.phases],
    work: hosts.map((host) => ({
      host,
      phases: [...last.work, ...step.work].flatMap((one) => (one.host === host ? one.phases : [])),
    })),
    waits: [],
    takesDown: false,
  };
}
