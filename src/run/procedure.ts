import { BootstrapError } from '../kernel/errors.ts';
import type { PlannedStep } from '../plan/planned-step.ts';
import type { Gate } from '../plan/stage.ts';
import type { Step } from '../resources/step.ts';
import { runSteps } from './apply.ts';
import type { Goal } from './converge.ts';
import { type Fleet, type Member, alive, onEach, probeAll } from './fleet.ts';
import { pass } from './gates.ts';
import { type RunLock, lockAll } from './lock.ts';
import { runStage } from './run-stage.ts';
import { settled } from './settled.ts';
import { stopIfAsked } from './stop.ts';

/**
 * A piece of work that is no state of the hosts (a member is taken out, a snapshot is restored), as data: what is done
 * on which hosts, side by side, and what has to hold before and after. A list of them is a procedure.
 */
export interface ProcedureStep {
  /** Stands in events where a phase stands. */
  readonly id: string;
  readonly title: string;
  readonly hosts: readonly string[];
  /** What is gone or out of service through it, in words; told with the plan, and asked about. */
  readonly destroys?: string;
  readonly does: Deed;
  /** Waited for before anything of it is done. */
  readonly needs?: readonly Gate[];
  /** Where a host that fails it, as it was lost or its gates do not come true, has failed alone: all that matters is done. */
  readonly lenient?: boolean;
  /** Waited for on each of its hosts before the next step. */
  readonly gates?: (host: string) => readonly Gate[];
}

export type Deed =
  /** Steps as those of a resource, under the lock. */
  | { readonly kind: 'steps'; readonly steps: (host: string) => readonly Step[] }
  /** Its hosts are brought to what a stage of the goal wants. */
  | {
      readonly kind: 'stage';
      readonly stage: string;
      /** Ids of the resources on a host that are meant, so that no more is done than was told; all by default. */
      readonly only?: (host: string) => readonly string[] | undefined;
      /** Whether what the stage waits for is waited for; it is by default. Otherwise its hosts go at once. */
      readonly waits?: boolean;
    }
  /** What no step can: to bring a file here. */
  | { readonly kind: 'act'; readonly act: (fleet: Fleet, member: Member) => Promise<void> };

/** A deed that is one script. @param seconds what it may take beyond the time of any command */
export const running = (title: string, script: string, seconds = 0): Deed => ({
  kind: 'steps',
  steps: () => [{ op: 'run', title, script, seconds }],
});

export const planned = (steps: readonly ProcedureStep[]): PlannedStep[] =>
  steps.map(({ id, title, hosts, destroys = null }) => ({ id, title, hosts, destroys }));

export interface Procedure {
  /** The steps that were told. */
  readonly told: readonly ProcedureStep[];
  /** The steps that are left, by what is seen now. Pure: a procedure that was cut short goes on where it was. */
  readonly left: () => readonly ProcedureStep[];
  /** See `settled`. */
  readonly mayPass?: readonly string[];
  readonly stop: AbortSignal;
}

/**
 * Does the steps one after the other under the cluster's lock, when they are still those that were told. The first that
 * fails ends it, and so does an interrupt between two of them.
 * @throws E_MOVED, E_LOCKED, E_LOCK_LOST, E_GATE, E_ABORTED, or what a host has failed with
 */
export async function runProcedure(fleet: Fleet, goal: Goal, procedure: Procedure): Promise<void> {
  const { told, stop } = procedure;
  const { owner, essential } = goal;
  const touched = new Set(told.flatMap(({ hosts }) => hosts));
  const lock = await lockAll(fleet, { owner, essential, touched, stop });
  const end = AbortSignal.any([stop, lock.lost]);
  try {
    // What the steps were made from may have moved before the lock was ours.
    await probeAll(fleet, goal.watches);
    const steps = await settled(fleet, goal, { ...procedure, judge: procedure.left });
    refuseMoved(told, steps);
    if (steps.some(({ does }) => does.kind === 'stage')) await goal.prepare();
    for (const step of steps) {
      stopIfAsked(end);
      await doStep(fleet, lock, goal, step, end);
    }
  } finally {
    await lock.release();
  }
}

function refuseMoved(told: readonly ProcedureStep[], steps: readonly ProcedureStep[]): void {
  if (JSON.stringify(planned(told)) === JSON.stringify(planned(steps))) return;
  throw new BootstrapError('E_MOVED', 'the hosts are no longer as they were when the steps were told', {
    hint: 'Somebody else has changed something meanwhile. Nothing was changed; run it again and look at the steps.',
  });
}

async function doStep(
  fleet: Fleet,
  lock: RunLock,
  goal: Goal,
  step: ProcedureStep,
  stop: AbortSignal,
): Promise<void> {
  const { id, title, hosts, does, needs = [], gates = () => [], lenient = false } = step;
  const started = performance.now();
  const members = alive(fleet).filter(({ name }) => hosts.includes(name));
  fleet.emit({ type: 'phase.started', phase: id, title, hosts });
  for (const gate of needs) await pass(fleet, memberAt(fleet, gate.at), id, gate, stop);
  if (does.kind === 'stage') {
    // What it wants follows from what the steps before have changed, on other hosts as well.
    await probeAll(fleet, goal.watches);
    const narrow = narrowed(goal, hosts, does);
    const own = lenient ? { ...narrow, essential: () => false } : narrow;
    await runStage(fleet, lock, own, does.stage, stop);
  }
  await onEach(fleet, members, id, async (member) => {
    if (does.kind === 'act') await does.act(fleet, member);
    if (does.kind === 'steps') {
      const steps = does.steps(member.name);
      await runSteps(
        fleet,
        lock,
        member,
        id,
        steps.map((one) => ({ step: one, resource: title })),
      );
      member.changed += steps.length;
    }
    for (const gate of gates(member.name)) await pass(fleet, member, id, gate, stop);
  });
  const failed = members.filter((member) => member.failed);
  const milliseconds = Math.round(performance.now() - started);
  fleet.emit({ type: 'phase.done', phase: id, milliseconds, failed: failed.map(({ name }) => name) });
  if (lenient) return;
  const missing = hosts.find((name) => !members.some((member) => member.name === name));
  if (missing !== undefined) throw new BootstrapError('E_UNREACHABLE', `${missing} was not reached`);
  if (failed[0]?.failed) throw failed[0].failed;
}

function memberAt(fleet: Fleet, name: string): Member {
  const member = fleet.members.get(name);
  if (!member) throw new BootstrapError('E_BUG', `a gate looks at ${name}, which takes no part`);
  return member;
}

/** The same goal, with these hosts and what is meant of them alone. */
const narrowed = (
  goal: Goal,
  hosts: readonly string[],
  { only, waits = true }: Extract<Deed, { kind: 'stage' }>,
): Goal => ({
  ...goal,
  desire: (seen) =>
    goal.desire(seen).map((stage) => ({
      ...stage,
      hosts: new Set([...stage.hosts].filter((host) => hosts.includes(host))),
      resources: (host) => {
        const ids = only?.(host);
        return stage.resources(host).filter(({ id }) => ids?.includes(id) ?? true);
      },
      ...(!waits && { batch: 'parallel', gates: () => [] }),
    })),
});
