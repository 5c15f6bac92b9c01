import { BootstrapError } from '../kernel/errors.ts';
import type { Stage } from '../plan/stage.ts';
import { type Fleet, type Member, alive, onEach, probe } from './fleet.ts';
import { standing } from './gates.ts';

/** Members of a stage that go together. */
export interface Group {
  readonly members: readonly Member[];
  /** Whether a healthy member goes out of service: then as many others must stand as the stage says. */
  readonly takesDown: boolean;
  /** Whether the groups behind it wait for it to come back, and are left as they are when it does not. */
  readonly provesIt: boolean;
  /** Whether it is taken in by the others, who know more when those before it have come. */
  readonly joins: boolean;
}

/**
 * Who goes together. In a stage with a canary, the first that is healthy shows what a change does, and then all others
 * get it at once. In a rolling stage, members that are down take no service with them, so they go first and at once;
 * where too few stand, as on the morning after a power cut, they are also those that can change it. Whoever joins comes
 * next, each by itself, and then the healthy ones one by one. Whoever seems to be down is looked at once more: a slow answer is no reason to restart two at once.
 */
export async function groupsOf(fleet: Fleet, stage: Stage, busy: readonly Member[]): Promise<Group[]> {
  if (stage.batch === 'parallel') return [group(busy)];
  const joining = busy.filter(({ name }) => stage.joins(name));
  const others = busy.filter((member) => !joining.includes(member));
  const suspects = others.filter(({ name }) => !works(fleet, stage, name));
  const down = new Set<Member>();
  await onEach(fleet, suspects, stage.id, async (member) => {
    if (!(await stands(fleet, stage, member.name))) down.add(member);
  });
  const healthy = others.filter((member) => !down.has(member));
  const [canary, ...following] = healthy;
  const rest =
    stage.batch === 'rolling'
      ? healthy.map((member) => group([member], { takesDown: true }))
      : [...(canary ? [group([canary], { provesIt: true })] : []), group(following)];
  return [
    group([...down]),
    ...joining.map((member) => group([member], { joins: true, provesIt: true })),
    ...rest,
  ].filter(({ members }) => members.length > 0);
}

const group = (members: readonly Member[], how: Partial<Group> = {}): Group => ({
  takesDown: false,
  provesIt: false,
  joins: false,
  ...how,
  members,
});

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

/**
 * A healthy member is taken down only while what stays is enough, by a look at this moment. Of so few that nothing could
 * ever be changed (one, or two that need each other) all the others do.
 * @throws E_TOO_FEW_STAND
 */
export async function refuseTooFew(fleet: Fleet, stage: Stage, { name }: Member): Promise<void> {
  const others = [...stage.hosts].filter((host) => host !== name);
  const needed = Math.min(stage.mustStand(stage.hosts.size), others.length);
  const down: string[] = [];
  let upright = 0;
  for (const host of others) {
    if (upright === needed) return;
    if (await stands(fleet, stage, host)) upright += 1;
    else down.push(host);
  }
  if (upright >= needed) return;
  throw new BootstrapError(
    'E_TOO_FEW_STAND',
    `${stage.title} on ${name} is left as it is: without it only ${upright} of ${stage.hosts.size} would stand, and ${needed} must`,
    {
      hint: `Not well: ${down.join(', ')}. Repair them first; k8s-bootstrap status says what they lack.`,
      where: { host: name, phase: stage.id },
    },
  );
}
