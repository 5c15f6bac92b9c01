import { setTimeout as sleep } from 'node:timers/promises';
import type { Secret } from '../kernel/secret.ts';
import {
  type HostPlan,
  type Plan,
  allChanges,
  isEmpty,
  orphansOf,
  summaryOf,
  toBeShown,
  withoutTexts,
} from '../plan/plan.ts';
import { judging } from '../plan/planner.ts';
import { savedHost } from '../plan/saved/digests.ts';
import { PLAN_VERSION } from '../plan/saved/version.ts';
import type { SavedHost } from '../plan/saved/plan-schema.ts';
import { type Desire, hasNoReserve } from '../plan/stage.ts';
import type { Observed, Watch } from '../probe/observe.ts';
import { type Piecewise, inTurns } from '../kernel/breather.ts';
import { pruneOn } from './apply.ts';
import { type Asked, type Fleet, type Watches, alive, onEach, probe, probeAll, sightings } from './fleet.ts';
import { comes, leftOver, passesByItself } from './left-over.ts';
import { type Hooks, runHooks } from './hooks.ts';
import { type RunLock, lockAll } from './lock.ts';
import { passStanding, participants, runStage } from './run-stage.ts';
import { stopIfAsked } from './stop.ts';

/** What a run is about; the engine knows nothing of inventories, files or Kubernetes. */
export interface Goal {
  readonly desire: Desire;
  /** What to look at before anything is known of a host. */
  readonly watches: Watches;
  /** Hosts without which a run cannot go on: masters and etcd members. */
  readonly essential: (host: string) => boolean;
  /** Called once with what was seen; rejects when the hosts must not be touched. */
  readonly admit: (seen: ReadonlyMap<string, Observed>, times: ReadonlyMap<string, Asked>) => Promise<void>;
  /** Called once before the first change: makes what exists on the controller only (CAs). */
  readonly prepare: () => Promise<void>;
  /** Whether the stages are all there are: only then is what none of them wants an orphan. */
  readonly complete: boolean;
  /** Whether orphans are taken away. */
  readonly prune: boolean;
  /** Hosts that something may be changed on, all by default; the others are looked at, and waited for by nobody. */
  readonly touches?: ((host: string) => boolean) | undefined;
  /** Called under the lock with what is about to be done; throws when that is not what was agreed to. */
  readonly confirm?: ((plan: Plan) => Promise<void>) | undefined;
  readonly hooks?: Hooks | undefined;
  /** Who we are, for the lock. */
  readonly owner: string;
}

/** One probe of all hosts, and the plan it leads to. Changes nothing anywhere. */
export async function look(fleet: Fleet, goal: Goal): Promise<Plan> {
  await probeAll(fleet, goal.watches);
  return consider(fleet, goal);
}

/** The plan, without texts of files, that follows from what was just seen, after a closer look where that was not all. */
export async function consider(fleet: Fleet, goal: Goal): Promise<Plan> {
  let found = await inTurns(judgeAll(fleet, goal));
  if (found.open.size > 0) {
    const members = alive(fleet).filter(({ name }) => found.open.has(name));
    await onEach(fleet, members, undefined, async (member) => {
      await probe(fleet, member, found.open.get(member.name) ?? []);
    });
    found = await inTurns(judgeAll(fleet, goal));
  }
  await goal.admit(
    sightings(fleet),
    new Map(alive(fleet).flatMap(({ name, time }) => (time ? [[name, time]] : []))),
  );
  return found.plan;
}

/**
 * Plans for one host that has answered, while others are still asked, and forgets it: what a plan reads, renders and
 * compiles for the first time is then ready when the last has answered.
 */
export async function rehearse(fleet: Fleet, goal: Goal, host: string): Promise<void> {
  try {
    await inTurns(judgeAll(fleet, goal, new Set([host])));
  } catch {
    // What is wrong is said when all have answered.
  }
}

/** Tells a plan, with the texts of files: each host's by itself, which is then forgotten. */
export async function tellPlan(fleet: Fleet, goal: Goal, plan: Plan): Promise<void> {
  const shown = await lookAtTexts(fleet, plan);
  await inTurns(
    judgeAll(fleet, goal, shown, (told) => {
      fleet.emit({ type: 'host.planned', plan: told });
    }),
  );
  const seen = sightings(fleet);
  const stages = goal.desire(seen);
  const order = stages.map(({ id }) => id);
  const alone = stages.filter(hasNoReserve).map(({ id }) => id);
  const summary = summaryOf(plan, seen.size, order, { alone, hooks: goal.hooks?.list ?? [] });
  fleet.emit({ type: 'plan.ready', version: PLAN_VERSION, summary });
}

/** A plan as it is kept, of all hosts that were looked at; texts of files, which its digests are of as well, are asked for. */
export async function keptPlan(fleet: Fleet, goal: Goal, plan: Plan, key: Secret): Promise<SavedHost[]> {
  await lookAtTexts(fleet, plan);
  const seen = sightings(fleet);
  const stages = goal.desire(seen);
  const kept = new Map<string, SavedHost>();
  const keep = (told: HostPlan): void => {
    const observed = seen.get(told.host);
    if (observed) kept.set(told.host, savedHost(stages, observed, told, key));
  };
  for (const host of seen.keys()) keep({ host, phases: [], orphans: [] });
  await inTurns(judgeAll(fleet, goal, new Set(plan.hosts.map(({ host }) => host)), keep));
  return [...kept.values()];
}

/** Asks for the texts of files that a plan changes. Answers with the hosts that it is about. */
async function lookAtTexts(fleet: Fleet, plan: Plan): Promise<ReadonlySet<string>> {
  const shown = new Map(plan.hosts.map((one) => [one.host, toBeShown(one)]));
  await onEach(
    fleet,
    alive(fleet).filter(({ name }) => (shown.get(name) ?? []).length > 0),
    undefined,
    async (member) => {
      await probe(fleet, member, shown.get(member.name) ?? []);
    },
  );
  return new Set(shown.keys());
}

interface Found {
  readonly plan: Plan;
  /** What is still to be asked, by host. */
  readonly open: ReadonlyMap<string, readonly Watch[]>;
}

/** Host by host, so that no more than one is held with all its texts, and others get their turn. */
function* judgeAll(
  fleet: Fleet,
  goal: Goal,
  only?: ReadonlySet<string>,
  tell?: (plan: HostPlan) => void,
): Piecewise<Found> {
  const seen = sightings(fleet);
  const stages = goal.desire(seen);
  const hosts: HostPlan[] = [];
  const open = new Map<string, readonly Watch[]>();
  for (const [host, observed] of seen) {
    if (only && !only.has(host)) continue;
    const judged = yield* judging(stages, host, observed);
    const mayGo = goal.complete && (goal.touches?.(host) ?? true);
    const plan = mayGo ? judged.plan : { ...judged.plan, orphans: [] };
    if (judged.open.length > 0) open.set(host, judged.open);
    if (plan.phases.length + plan.orphans.length > 0) {
      tell?.(plan);
      hosts.push(withoutTexts(plan));
    }
    yield;
  }
  return { plan: { hosts }, open };
}

/**
 * Makes the plan happen, phase by phase, and proves it: a full look at the end must find nothing to do.
 * @param stop finishes what runs, then ends the run (an interrupt)
 * @throws E_LOCKED, E_LOCK_LOST, E_FLAPPING, E_SILENT; a host's own failure is kept with the host
 */
export async function converge(fleet: Fleet, goal: Goal, plan: Plan, stop: AbortSignal): Promise<void> {
  const doomed = goal.prune ? orphansOf(plan) : [];
  if (isEmpty(plan) && doomed.length === 0) {
    await healthy(fleet, goal, stop);
    return;
  }
  const touched = new Set([...allChanges(plan), ...doomed].map(({ host }) => host));
  const { owner, essential } = goal;
  const lock = await lockAll(fleet, { owner, essential, touched, stop });
  const end = AbortSignal.any([stop, lock.lost]);
  try {
    // What the plan was made from may have moved before the lock was ours.
    const current = await look(fleet, goal);
    await goal.confirm?.(current);
    const whole = { of: 'up', hosts: [...touched] };
    await runHooks(fleet, lock, goal.hooks, { when: 'before', ...whole }, end);
    if (!isEmpty(current)) await goal.prepare();
    for (const { id } of goal.desire(sightings(fleet))) {
      stopIfAsked(end);
      await runStage(fleet, lock, goal, id, end);
    }
    stopIfAsked(end);
    if (goal.prune) await pruneOrphans(fleet, lock, current);
    await runHooks(fleet, lock, goal.hooks, { when: 'after', ...whole }, end);
  } finally {
    await lock.release();
  }
  const left = await look(fleet, goal);
  if (!isEmpty(left) && !passesByItself(left)) throw leftOver(left);
  await healthy(fleet, goal, stop);
  if (isEmpty(left)) return;
  for (let attempt = 1; ; attempt += 1) {
    const still = await look(fleet, goal);
    if (isEmpty(still)) return;
    if (attempt === LOOKS || !allChanges(still).every(({ planned }) => comes(planned.change))) {
      throw leftOver(still);
    }
    await sleep(LOOK_EVERY_MS, undefined, { signal: stop }).catch(() => {
      stopIfAsked(stop);
    });
  }
}

/** What is not known at the end of a run is asked for again so many times. */
const LOOKS = 12;
const LOOK_EVERY_MS = 5_000;

/** Last, when nothing uses them any more. */
const pruneOrphans = (fleet: Fleet, lock: RunLock, { hosts }: Plan): Promise<void> => {
  const doomed = new Map(hosts.map(({ host, orphans }) => [host, orphans]));
  return onEach(fleet, alive(fleet), 'prune', async (member) => {
    const paths = doomed.get(member.name) ?? [];
    if (paths.length > 0) await pruneOn(fleet, lock, member, paths);
  });
};

/** Exit code 0 means converged *and* healthy: every gate of every phase must hold. */
async function healthy(fleet: Fleet, goal: Goal, stop: AbortSignal): Promise<void> {
  for (const stage of goal.desire(sightings(fleet))) {
    stopIfAsked(stop);
    const asked = participants(fleet, stage).filter(({ name }) => goal.touches?.(name) ?? true);
    await onEach(fleet, asked, stage.id, (member) =>
      passStanding(fleet, member, stage.id, stage.gates(member.name), stop),
    );
  }
  stopIfAsked(stop);
}
