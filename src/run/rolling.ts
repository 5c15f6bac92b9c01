import { setTimeout as sleep } from 'node:timers/promises';
import { BootstrapError } from '../kernel/errors.ts';
import { type Group, groupsOf } from '../plan/groups.ts';
import type { Stage } from '../plan/stage.ts';
import { type Fleet, type Member, alive, onEach, probe } from './fleet.ts';
import { standing } from './gates.ts';
import { stopIfAsked } from './stop.ts';

/** Who goes together; whoever seems to be down is looked at once more: a slow answer is no reason to restart two at once. */
export async function groupsNow(
  fleet: Fleet,
  stage: Stage,
  busy: readonly Member[],
): Promise<Group<Member>[]> {
  const down = new Set<Member>();
  if (stage.batch !== 'parallel') {
    const suspects = busy.filter(({ name }) => !stage.joins(name) && !works(fleet, stage, name));
    await onEach(fleet, suspects, stage.id, async (member) => {
      if (!(await stands(fleet, stage, member.name))) down.add(member);
    });
  }
  return groupsOf(stage, busy, down);
}

/** By what was last seen; a host that was not reached does not. */
const works = (fleet: Fleet, stage: Stage, host: string): boolean =>
  stage.gates(host).every((gate) => standing(fleet, gate) === undefined);

/** As `works`, by a look at this moment; a host that does not answer does not. */
async function stands(fleet: Fleet, stage: Stage, host: string): Promise<boolean> {
  const member = alive(fleet).find(({ name }) => name === host);
  if (!member) return false;
  const watches = stage.gates(host).flatMap((gate) => (gate.at === host ? gate.watches : []));
  try {
    if (watches.length > 0) await probe(fleet, member, watches);
  } catch {
    return false;
  }
  return works(fleet, stage, host);
}

/** What is busy answers late: so long, in seconds, the others are looked at again before a change is refused. */
const PATIENCE_SECONDS = 10;
const LOOK_EVERY_MS = 1000;

/**
 * A healthy member is taken down only while what stays is enough, by a look at this moment; where it was not, by two in
 * succession: what starts again and again is well for a second each time. Of so few that nothing could ever be changed
 * (one, or two that need each other) all the others do.
 * @throws E_TOO_FEW_STAND; as `stop` says
 */
export async function refuseTooFew(
  fleet: Fleet,
  stage: Stage,
  { name }: Member,
  stop: AbortSignal,
): Promise<void> {
  const others = [...stage.hosts].filter((host) => host !== name);
  const needed = Math.min(stage.mustStand(stage.hosts.size), others.length);
  const patience = Math.min(PATIENCE_SECONDS, ...stage.gates(name).map((gate) => gate.timeoutSeconds));
  const until = performance.now() + patience * 1000;
  let told = '';
  for (let wereEnough = true; ;) {
    const { upright, down } = await lookAt(fleet, stage, others, needed);
    stopIfAsked(stop);
    const areEnough = upright >= needed;
    if (areEnough && wereEnough) return;
    wereEnough = areEnough;
    const reached = alive(fleet).filter(({ name: host }) => others.includes(host));
    if (!areEnough && (reached.length < needed || performance.now() + LOOK_EVERY_MS > until)) {
      throw new BootstrapError(
        'E_TOO_FEW_STAND',
        `${stage.title} on ${name} is left as it is: without it only ${upright} of ${stage.hosts.size} would stand, and ${needed} must`,
        {
          hint: `Not well: ${down.join(', ')}. Repair them first; k8s-bootstrap status says what they lack.`,
          where: { host: name, phase: stage.id },
        },
      );
    }
    const waitingFor = `enough others are well; not yet: ${down.join(', ')}`;
    if (!areEnough && waitingFor !== told) {
      told = waitingFor;
      fleet.emit({ type: 'gate.waiting', phase: stage.id, host: name, waitingFor });
    }
    await sleep(LOOK_EVERY_MS, undefined, { signal: stop }).catch(() => {
      stopIfAsked(stop);
    });
  }
}

/** How many stand, at this moment; no further than until as many as needed do. */
async function lookAt(
  fleet: Fleet,
  stage: Stage,
  hosts: readonly string[],
  needed: number,
): Promise<{ upright: number; down: readonly string[] }> {
  const down: string[] = [];
  let upright = 0;
  for (const host of hosts) {
    if (upright === needed) break;
    if (await stands(fleet, stage, host)) upright += 1;
    else down.push(host);
  }
  return { upright, down };
}
