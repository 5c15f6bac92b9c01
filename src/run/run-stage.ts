import { BootstrapError } from '../kernel/errors.ts';
import { dueOn } from '../plan/planner.ts';
import type { Desire, Gate, Stage } from '../plan/stage.ts';
import { watchesAt } from '../plan/stage.ts';
import { applyOn } from './apply.ts';
import { type Fleet, type Member, alive, onEach, probe, sightings } from './fleet.ts';
import { pass, standing } from './gates.ts';
import { type Hooks, runHooks } from './hooks.ts';
import type { RunLock } from './lock.ts';
import { groupsNow, refuseTooFew } from './rolling.ts';
import { stopIfAsked } from './stop.ts';

/** What a stage is run by: what is wanted, and whom it cannot do without. */
export interface StageGoal {
  readonly desire: Desire;
  readonly essential: (host: string) => boolean;
  readonly hooks?: Hooks | undefined;
  /** Hosts whose gates are waited for; all by default. */
  readonly touches?: ((host: string) => boolean) | undefined;
}

/** What a stage wants of a host is made once: its plan, its questions and its gates ask for the same. */
function remembered(stage: Stage): Stage {
  const once = <T>(make: (host: string) => T): ((host: string) => T) => {
    const known = new Map<string, T>();
    return (host) => {
      const value = known.get(host) ?? make(host);
      known.set(host, value);
      return value;
    };
  };
  return {
    ...stage,
    resources: once((host) => stage.resources(host)),
    gates: once((host) => stage.gates(host)),
  };
}

/**
 * Brings the hosts of one stage to what it wants, and waits for its gates.
 * @throws the failure of a host that the run cannot do without, or that went first; E_TOO_FEW_STAND; E_ABORTED
 * between two groups
 */
export async function runStage(
  fleet: Fleet,
  lock: RunLock,
  goal: StageGoal,
  id: string,
  stop: AbortSignal,
): Promise<void> {
  const stage = stageOf(fleet, goal, id);
  const members = participants(fleet, stage);
  const started = performance.now();
  const unknown = members.filter((member) =>
    dueFor(stage, member).some(({ change }) => change.kind === 'unknown'),
  );
  await onEach(fleet, unknown, id, async (member) => {
    await probe(fleet, member, watchesAt(stage, member.name));
    await comeByThemselves(fleet, stage, member, stop);
  });
  const fresh = stageOf(fleet, goal, id);
  const all = participants(fleet, fresh);
  const busy = all.filter((member) => dueFor(fresh, member).length > 0);
  const settle = (): Promise<void> =>
    onEach(
      fleet,
      all.filter(
        (member) => !member.failed && !busy.includes(member) && (goal.touches?.(member.name) ?? true),
      ),
      id,
      (member) => passStanding(fleet, member, id, fresh.gates(member.name), stop),
    );
  let canary: Member | undefined;
  if (busy.length > 0) {
    const hosts = busy.map(({ name }) => name);
    fleet.emit({ type: 'phase.started', phase: id, title: fresh.title, hosts });
    await runHooks(fleet, lock, goal.hooks, { when: 'before', of: id, hosts }, stop);
    for (const { members: group, takesDown, provesIt, joins } of await groupsNow(fleet, fresh, busy)) {
      stopIfAsked(stop);
      if (takesDown) await settle();
      if ((takesDown || joins) && all.some((member) => member.failed)) break;
      for (const member of takesDown ? group : []) await refuseTooFew(fleet, fresh, member, stop);
      const now = joins ? await lookedAtAgain(fleet, goal, fresh) : fresh;
      await onEach(fleet, group, id, (member) => applyOn(fleet, lock, member, id, dueFor(now, member)));
      await onEach(
        fleet,
        group.filter(({ failed }) => !failed),
        id,
        async (member) => {
          for (const gate of fresh.gates(member.name)) await pass(fleet, member, id, gate, stop);
        },
      );
      canary = provesIt ? group.find(({ failed }) => failed) : undefined;
      if (canary) break;
    }
    const failed = busy.filter((member) => member.failed).map(({ name }) => name);
    if (failed.length === 0) {
      await runHooks(fleet, lock, goal.hooks, { when: 'after', of: id, hosts }, stop);
    }
    fleet.emit({
      type: 'phase.done',
      phase: id,
      milliseconds: Math.round(performance.now() - started),
      failed,
    });
  }
  await settle();
  stopIfAsked(stop);
  const lost = canary ?? all.find(({ name, failed }) => failed && goal.essential(name));
  if (lost?.failed) throw lost.failed;
}

/** The stage by what its hosts say now: those that have just come have changed it for the next. */
async function lookedAtAgain(fleet: Fleet, goal: StageGoal, stage: Stage): Promise<Stage> {
  await onEach(fleet, participants(fleet, stage), stage.id, async (member) => {
    await probe(fleet, member, watchesAt(stage, member.name));
  });
  return stageOf(fleet, goal, stage.id);
}

/** How long what comes by itself is asked for: an API server answers for some objects later than for its health. */
const KNOWN_SECONDS = 60;

/** Waits for what is not known of a host yet and becomes so by itself, as for a gate. */
async function comeByThemselves(
  fleet: Fleet,
  stage: Stage,
  member: Member,
  stop: AbortSignal,
): Promise<void> {
  const missing = dueFor(stage, member).flatMap(({ resource, change }) =>
    change.kind === 'unknown' && change.byItself ? [resource] : [],
  );
  if (missing.length === 0) return;
  const known: Gate = {
    title: 'what is there is known',
    at: member.name,
    watches: missing.flatMap(({ watches }) => watches),
    judge: (seen) => {
      for (const resource of missing) {
        const change = resource.diff(seen, member.done);
        if (change.kind === 'unknown') return `${resource.title} waits for ${change.waitsFor}`;
      }
      return undefined;
    },
    timeoutSeconds: KNOWN_SECONDS,
    units: [],
  };
  await pass(fleet, member, stage.id, known, stop);
}

/** Gates that hold by what was last seen cost nothing; only the others are waited for. */
export async function passStanding(
  fleet: Fleet,
  member: Member,
  phase: string,
  gates: readonly Gate[],
  stop: AbortSignal,
): Promise<void> {
  for (const gate of gates) {
    if (standing(fleet, gate) !== undefined) await pass(fleet, member, phase, gate, stop);
  }
}

export const participants = (fleet: Fleet, stage: Stage): Member[] =>
  alive(fleet).filter(({ name, seen }) => seen !== undefined && stage.hosts.has(name));

const dueFor = (stage: Stage, member: Member): ReturnType<typeof dueOn> =>
  member.seen ? dueOn(stage, member.name, member.seen, new Map(member.done)) : [];

function stageOf(fleet: Fleet, goal: StageGoal, id: string): Stage {
  const stage = goal.desire(sightings(fleet)).find((one) => one.id === id);
  if (!stage) throw new BootstrapError('E_BUG', `phase ${id} is gone in the middle of a run`);
  return remembered(stage);
}
