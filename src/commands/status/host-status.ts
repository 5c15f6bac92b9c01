import type { CertificateStatus, ComponentStatus, HostStatus } from '../../answers/hosts.ts';
import type { Inventory } from '../../inventory/types.ts';
import { readCertificate } from '../../pki/read-certificate.ts';
import { type Plan, allChanges, verbOf } from '../../plan/plan.ts';
import type { Stage } from '../../plan/stage.ts';
import { imagined } from '../../facts/facts.ts';
import type { Observed } from '../../probe/observe.ts';
import { nodesAmong } from '../../resources/cluster/kube-api.ts';
import { pressures } from '../../resources/cluster/node-object.ts';
import { overridesOf, sharedDropIns } from '../../resources/foreign/drop-ins.ts';
import { changes } from '../../resources/resource.ts';
import { serviceId } from '../../resources/service.ts';
import type { Fleet } from '../../run/fleet.ts';
import { standing } from '../../run/gates.ts';
import { WARN_DAYS } from '../../pki/spec.ts';

const DAY = 86_400_000;

export interface FleetSurvey {
  readonly inventory: Inventory;
  readonly fleet: Fleet;
  readonly stages: readonly Stage[];
  readonly plan: Plan;
  readonly now: Date;
  /** Whether a cluster of ours was ever on the host. */
  readonly isOurs: (host: string) => boolean;
  /** Files whose content is another one than their times tell, by host. */
  readonly tampered: ReadonlyMap<string, readonly string[]>;
  /** What was found to be off beyond that, by host. */
  readonly others: ReadonlyMap<string, readonly string[]>;
}

export function hostStatuses(survey: FleetSurvey): readonly HostStatus[] {
  const nodes = nodesAmong([...survey.fleet.members.values()].map(({ seen }) => seen));
  return survey.inventory.hosts.map(({ name, roles }): HostStatus => {
    const member = survey.fleet.members.get(name);
    const seen = member?.seen;
    if (!seen || member.failed) {
      const nothing = { components: [], health: [], certificates: [], drift: [], orphans: [] };
      const problems = ['cannot be looked at', ...(survey.others.get(name) ?? [])];
      return { host: name, roles, reached: false, ...nothing, problems };
    }
    const mine = survey.stages.filter(({ hosts }) => hosts.has(name));
    const found = {
      components: componentsOf(mine, name, seen),
      health: mine
        .flatMap((stage) => stage.gates(name))
        .map((gate) => ({ check: gate.title, missing: standing(survey.fleet, gate) ?? null })),
      certificates: certificatesOf(mine, name, seen, survey.now),
      drift: driftOf(survey.plan, name),
      orphans: survey.plan.hosts.find(({ host }) => host === name)?.orphans ?? [],
    };
    const changed = (survey.tampered.get(name) ?? []).map(
      (path) => `${path} was changed, though its size and times say no`,
    );
    const pressed = pressures(nodes?.get(name)).map((condition) => `its node has ${condition}`);
    const problems = survey.isOurs(name)
      ? [...problemsOf(found), ...pressed, ...changed, ...(survey.others.get(name) ?? [])]
      : ['no cluster is on it yet; "k8s-bootstrap up" makes it'];
    return { host: name, roles, reached: true, ...found, problems };
  });
}

/** Units that a phase wants to run: on a host where they don't, it would start them. */
const componentsOf = (stages: readonly Stage[], host: string, seen: Observed): ComponentStatus[] =>
  stages
    .flatMap((stage) => stage.resources(host))
    .filter((resource) => resource.id.startsWith(SERVICE) && changes(resource.diff(nothingRuns, new Map())))
    .flatMap(({ id }) => {
      const unit = id.slice(SERVICE.length);
      const state = seen.unit(unit);
      if (!state) return [];
      const installed = state.load !== 'not-found';
      const runs = state.active === 'active' && state.startedAt !== '';
      return [
        {
          unit,
          state: installed ? state.active : 'not-found',
          atBoot: state.enabled === 'enabled',
          since: runs ? state.startedAt : null,
          changedBy: [...overridesOf(unit, state), ...sharedDropIns(unit, state)],
        },
      ];
    });

const SERVICE = serviceId('');
const nothingRuns = imagined('centos');

function certificatesOf(
  stages: readonly Stage[],
  host: string,
  seen: Observed,
  now: Date,
): CertificateStatus[] {
  const paths = new Set(stages.flatMap((stage) => stage.resources(host).flatMap(({ owns }) => owns ?? [])));
  return [...paths]
    .filter((path) => path.endsWith('.crt'))
    .flatMap((path): CertificateStatus[] => {
      const file = seen.file(path);
      const pem = file?.type === 'file' ? file.content?.toString('utf8') : undefined;
      const notAfter = pem === undefined ? undefined : endOf(pem);
      if (!notAfter) return [];
      const daysLeft = Math.floor((notAfter.getTime() - now.getTime()) / DAY);
      return [{ path, notAfter: notAfter.toISOString(), daysLeft }];
    })
    .toSorted((a, b) => a.daysLeft - b.daysLeft);
}

/** A file that is no certificate is drift, and told there. */
function endOf(pem: string): Date | undefined {
  try {
    return readCertificate(pem).notAfter;
  } catch {
    return undefined;
  }
}

const driftOf = (plan: Plan, host: string): HostStatus['drift'] =>
  allChanges(plan)
    .filter((one) => one.host === host)
    .map(({ phase, planned: { title, change } }) => ({
      phase,
      // As plans say it.
      change: `${change.kind === 'restart' ? verbOf(change) : change.kind} ${title}`,
      summary: 'summary' in change ? change.summary : '',
    }));

function problemsOf(found: Pick<HostStatus, 'components' | 'health' | 'certificates' | 'drift'>): string[] {
  const { components, health, certificates, drift } = found;
  return [
    ...components.filter(({ state }) => state !== 'active').map(({ unit, state }) => `${unit} is ${state}`),
    ...components
      .filter(({ state, atBoot }) => state === 'active' && !atBoot)
      .map(({ unit }) => `${unit} does not start at boot`),
    ...health.flatMap(({ check, missing }) =>
      missing === null ? [] : [`not so: ${check} (${missing.trim()})`],
    ),
    ...certificates
      .filter(({ daysLeft }) => daysLeft < WARN_DAYS)
      .map(({ path, daysLeft, notAfter }) =>
        daysLeft < 0 ? `${path} expired on ${notAfter}` : `${path} expires in ${daysLeft} days (${notAfter})`,
      ),
    ...(drift.length === 0
      ? []
      : [
          `${drift.length} change${drift.length === 1 ? ' is' : 's are'} due: ${some(drift.map(({ change }) => change))}`,
        ]),
  ];
}

const some = (changes: readonly string[]): string =>
  changes.length > 3 ? `${changes.slice(0, 3).join(', ')}, …` : changes.join(', ');
