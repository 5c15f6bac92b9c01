import { type Piecewise, atOnce } from '../kernel/breather.ts';
import { addonsCheck } from './addon-checks.ts';
import { dnsChecks } from './dns-checks.ts';
import { identityChecks } from './identity.ts';
import { machineChecks } from './machine.ts';
import { dataFoldersCheck } from './data-folders.ts';
import { endpointCheck } from './endpoint.ts';
import { etcdStoreCheck } from './etcd-store.ts';
import { imagesCheck } from './images.ts';
import { ipvsCheck } from './ipvs.ts';
import { membershipChecks } from './membership.ts';
import { networkChecks } from './network.ts';
import { networkPoliciesCheck } from './network-policies.ts';
import { nfsChecks } from './nfs-checks.ts';
import { keepalivedCheck, vipHoldersCheck } from './keepalived.ts';
import { otherKeysCheck } from './other-keys.ts';
import { outdatedUsersChecks } from './outdated-users.ts';
import { overrideChecks } from './overrides.ts';
import { toolsCheck } from './tools.ts';
import { type AskedAt, type Check, type Result, type Subject, skewOf } from './check.ts';
import type { World } from '../phases/phase.ts';

export interface Finding extends Result {
  readonly host: string;
  /** Id of the check, for `--ignore-preflight`. */
  readonly id: string;
}

/** Checks that no option may pass over: what they find, or what others rely on, would be destroyed or given away. */
export const neverIgnored: readonly string[] = [
  'foreign-host',
  'state-missing',
  'state-other',
  'manifest',
  'etcd-data',
  'nfs-folders',
  'revoked-users',
  'outdated-users',
];

/** All checks in the order in which their findings are told. */
export const checks: readonly Check[] = [
  ...identityChecks,
  otherKeysCheck,
  ...membershipChecks,
  etcdStoreCheck,
  dataFoldersCheck,
  toolsCheck,
  ...machineChecks,
  ...networkChecks,
  ipvsCheck,
  networkPoliciesCheck,
  endpointCheck,
  keepalivedCheck,
  vipHoldersCheck,
  imagesCheck,
  ...dnsChecks,
  ...outdatedUsersChecks,
  addonsCheck,
  ...overrideChecks,
  ...nfsChecks,
];

/**
 * What stands in the way on the hosts that were seen, and what `up` will change of it. Pure.
 * @param times by host; a host's clock is judged only with them
 */
export const preflightFindings = (world: World, times?: ReadonlyMap<string, AskedAt>): Finding[] =>
  atOnce(checking(world, times));

/** The same, host by host. */
export function* checking(
  world: World,
  times: ReadonlyMap<string, AskedAt> = new Map(),
): Piecewise<Finding[]> {
  const seen = world.inventory.hosts.flatMap((host) => {
    const observed = world.seen(host.name);
    return observed ? [{ host, facts: world.facts(host.name), seen: observed }] : [];
  });
  const byFact = namesByFact(seen);
  const allAsWrong = areAsWrong(
    seen.flatMap(({ host, facts }) => {
      const time = times.get(host.name);
      return time ? [skewOf(facts, time)] : [];
    }),
  );
  const findings: Finding[] = [];
  for (const one of seen) {
    const { name } = one.host;
    const subject: Subject = {
      ...one,
      world,
      time: times.get(name),
      allAsWrong,
      twins: (fact) => (byFact.get(`${fact} ${one.facts[fact]}`) ?? []).filter((other) => other !== name),
    };
    for (const { id, check } of checks) {
      findings.push(...check(subject).map((result) => ({ host: name, id, ...result })));
    }
    yield;
  }
  return findings;
}

/** Several clocks that were set by somebody else do not go wrong together. */
function areAsWrong(skews: readonly number[]): boolean {
  const [least, most] = [Math.min(...skews), Math.max(...skews)];
  return skews.length > 1 && most - least < 2 && (most < -2 || least > 2);
}

function namesByFact(
  seen: readonly Pick<Subject, 'host' | 'facts'>[],
): ReadonlyMap<string, readonly string[]> {
  const names = new Map<string, string[]>();
  for (const { host, facts } of seen) {
    for (const fact of ['machineId', 'hostname'] as const) {
      if (facts[fact] === '') continue;
      const key = `${fact} ${facts[fact]}`;
      const known = names.get(key) ?? [];
      names.set(key, known);
      known.push(host.name);
    }
  }
  return names;
}
