import { identityChecks } from './identity.ts';
import { machineChecks } from './machine.ts';
import { networkChecks } from './network.ts';
import { nfsChecks } from './nfs-checks.ts';
import type { AskedAt, Check, Result, Subject } from './check.ts';
import type { World } from '../phases/phase.ts';

export interface Finding extends Result {
  readonly host: string;
  /** Id of the check, for `--ignore-preflight`. */
  readonly id: string;
}

/** Checks that no option may pass over: what they find would be destroyed. */
export const neverIgnored: readonly string[] = ['foreign-host', 'state-missing'];

/** All checks in the order in which their findings are told. */
export const checks: readonly Check[] = [...identityChecks, ...machineChecks, ...networkChecks, ...nfsChecks];

/**
 * What stands in the way on the hosts that were seen, and what `up` will change of it. Pure.
 * @param times by host; a host's clock is judged only with them
 */
export function preflightFindings(world: World, times: ReadonlyMap<string, AskedAt> = new Map()): Finding[] {
  const subjects = world.inventory.hosts.flatMap((host): Subject[] => {
    const seen = world.seen(host.name);
    return seen
      ? [{ world, host, facts: world.facts(host.name), seen, time: times.get(host.name), others: [] }]
      : [];
  });
  return subjects.flatMap((subject) => {
    const others = subjects.filter(({ host }) => host !== subject.host);
    return checks.flatMap(({ id, check }) =>
      check({ ...subject, others }).map((result) => ({ host: subject.host.name, id, ...result })),
    );
  });
}
