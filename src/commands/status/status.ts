import type { HostStatuses } from '../../answers/hosts.ts';
import { tellAtWork } from '../../cluster/at-work.ts';
import { type Run, type RunOptions, visit } from '../../cluster/visit.ts';
import { ExitCode } from '../../kernel/errors.ts';
import { quote } from '../../kernel/quote.ts';
import { vipHoldersCheck } from '../../preflight/keepalived.ts';
import { membershipChecks } from '../../preflight/membership.ts';
import { networkPoliciesCheck } from '../../preflight/network-policies.ts';
import type { Plan } from '../../plan/plan.ts';
import type { Watch } from '../../probe/observe.ts';
import { type Fleet, alive, onEach, probe, sightings } from '../../run/fleet.ts';
import { askGates } from '../../run/gates.ts';
import type { Cluster } from '../../cluster/open.ts';
import { hostStatuses } from './host-status.ts';
import { PATIENCE_SECONDS, within } from './looks.ts';
import { type Survey, type Surveyor, watch } from './watch.ts';
import { unjudged } from '../../cluster/unjudged.ts';
import { outcome } from '../../cluster/visit-hosts.ts';

export interface StatusOptions extends RunOptions {
  /** Hash every binary instead of believing its size and times. */
  readonly deep: boolean;
  /** Tell what `up` would change, with the texts of files. */
  readonly diff: boolean;
  /** Look again and again, until that is ended; `undefined` is once. */
  readonly everySeconds?: number | undefined;
}

/** Looks at every host and says how it is; exit code 3 when anything is off. */
export function status(options: StatusOptions): Promise<number> {
  const { diff, everySeconds, emit } = options;
  const surveyor: Surveyor = (seen, found) => survey(seen, found, options);
  const tell = (data: HostStatuses): void => {
    emit({ type: 'result', answer: 'status', data });
  };
  // Between two looks nothing is told: it would be drawn over.
  let hushed = false;
  const around: StatusOptions = {
    ...options,
    emit: (event) => {
      if (!hushed) emit(event);
    },
  };
  return visit({ ...unjudged(around, ofTheCluster), ending: 'answer' }, async (run, plan) => {
    tellAtWork(emit, run.fleet);
    if (diff) await run.tell();
    let last: Survey;
    if (everySeconds === undefined) {
      last = await surveyor(run, plan);
      tell({ ...last, watched: null });
    } else {
      hushed = true;
      last = await watch(run, { ...options, everySeconds }, surveyor, plan, tell);
      hushed = false;
    }
    const code = outcome(run.fleet);
    return code === ExitCode.ok && !last.well ? ExitCode.attention : code;
  });
}

async function survey(
  { cluster, fleet }: Pick<Run, 'cluster' | 'fleet'>,
  plan: Plan,
  { deep, everySeconds, stop }: Pick<StatusOptions, 'deep' | 'everySeconds' | 'stop'>,
): Promise<Survey> {
  await within(PATIENCE_SECONDS, [askGates(fleet, cluster.desire(sightings(fleet)))], stop);
  const tampered = deep ? await hashAll(fleet, cluster.watches) : new Map<string, string[]>();
  const seen = sightings(fleet);
  const world = cluster.world(seen);
  const hosts = hostStatuses({
    inventory: cluster.inventory,
    fleet,
    stages: cluster.desire(seen),
    plan,
    now: world.now,
    isOurs: (host) => world.facts(host).cluster !== undefined,
    tampered,
    others: new Map([
      ...(await waitingProvisioner(cluster, fleet)),
      // A single look has told that above.
      ...(everySeconds === undefined ? [] : reasons(fleet)),
    ]),
  });
  return { well: hosts.every(({ problems }) => problems.length === 0), hosts };
}

const reasons = (fleet: Fleet): [string, readonly string[]][] =>
  [...fleet.members.values()].flatMap(({ name, failed }): [string, string[]][] =>
    failed ? [[name, [`${failed.code}: ${failed.message} (${NO_WAIT})`]]] : [],
  );

const NO_WAIT = 'it is tried again all the time, and no look waits for it';

/** Checks that look at the cluster as a whole. */
const ofTheCluster: ReadonlySet<string> = new Set(
  [...membershipChecks, networkPoliciesCheck, vipHoldersCheck].map(({ id }) => id),
);

/** Told of the master that the provisioner was asked about. */
async function waitingProvisioner(
  { inventory }: Cluster,
  fleet: Fleet,
): Promise<ReadonlyMap<string, readonly string[]>> {
  if (!inventory.nfs?.provisioner) return new Map();
  const { provisionerStillWaits } = await import('../nfs/provisioner.ts');
  const waits = await provisionerStillWaits(inventory, fleet);
  const master = inventory.hosts.find(
    ({ name, roles }) => roles.includes('master') && fleet.members.get(name)?.failed === undefined,
  );
  if (waits === undefined || !master) return new Map();
  return new Map([[master.name, [`${waits}; "k8s-bootstrap nfs check" finds the cause`]]]);
}

const QUESTION = 'digests-now';

/** Binaries whose digest is not the one that was noted when they were installed, though size and times are. */
async function hashAll(
  fleet: Fleet,
  watches: (host: string) => readonly Watch[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const changed = new Map<string, string[]>();
  await onEach(fleet, alive(fleet), undefined, async (member) => {
    const known = member.seen;
    const paths = [
      ...new Set(
        watches(member.name).flatMap((one) =>
          one.kind === 'file' && one.read === 'digest' ? [one.key] : [],
        ),
      ),
    ].filter((path) => known?.file(path)?.type === 'file');
    const script = `sha256sum -- ${paths.map(quote).join(' ')}`;
    const seen = await probe(fleet, member, [{ kind: 'answer', key: QUESTION, script }]);
    const lines = (seen.answer(QUESTION)?.output ?? '').split('\n');
    const now = new Map(lines.map((line) => [line.slice(66), line.slice(0, 64)]));
    changed.set(
      member.name,
      paths.filter((path) => {
        const file = known?.file(path);
        return file?.type === 'file' && file.content === undefined && now.get(path) !== file.sha256;
      }),
    );
  });
  return changed;
}
