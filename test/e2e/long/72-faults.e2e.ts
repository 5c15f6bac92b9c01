import { beforeAll, expect, test } from 'vitest';
import { type Fault, type FaultKind, named, onSmallDisk, randomFrom, upWith } from '../support/faults.ts';
import { HOSTS, type HostName } from '../support/lab.ts';
import { type Event, type Result, failures, freshLab, k8sb, kubeconfigFile, up } from '../support/product.ts';
import { kubectl } from '../support/kubectl.ts';
import { built, leftovers } from '../support/traces.ts';

/**
 * Faults at random steps of a first run, until all have fallen into the work. The seed is printed; the same seed has the
 * same faults: `FAULTS_SEED=… npm run test:faults`.
 */

const SEED = Number(process.env['FAULTS_SEED'] ?? Date.now() % 100_000);
const WANTED: Readonly<Record<FaultKind, number>> = {
  kill: 30,
  cut: 10,
  power: 5,
  disk: 5,
  'controller-disk': 5,
  clock: 5,
};
/** Clusters from nothing; each takes as many faults as it has phases, or fewer where a run goes on in spite of one. */
const CLUSTERS = 20;

/** What a run may get over: it then goes on to its end, and nothing is left to fall into. So it comes late in a cluster. */
const PASSING: readonly FaultKind[] = ['controller-disk', 'clock'];
const LATE = 4;

const random = randomFrom(SEED);
const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;

/** Steps of an undisturbed run: by phase, then by host. */
let steps: ReadonlyMap<string, ReadonlyMap<string, number>>;
let undisturbed: Map<string, string[]>;

function countSteps(events: readonly Event[]): Map<string, Map<string, number>> {
  const counts = new Map<string, Map<string, number>>();
  for (const { type, phase, host } of events) {
    if (type !== 'step.started') continue;
    const hosts = counts.get(String(phase)) ?? new Map<string, number>();
    counts.set(String(phase), hosts.set(String(host), (hosts.get(String(host)) ?? 0) + 1));
  }
  return counts;
}

beforeAll(async () => {
  console.log(`seed ${SEED}`);
  await freshLab();
  steps = countSteps((await up()).events);
  undisturbed = await built();
}, 600_000);

/** @param begun whether a run before has done some of its steps: then the first that is left is the only sure one */
function faultIn(phase: string, kind: FaultKind, among: readonly HostName[], begun: boolean): Fault {
  const hosts = steps.get(phase)!;
  const host = pick(among);
  const step = Math.floor(random() * hosts.get(host)!);
  return { kind, host, phase, step: begun ? 0 : step };
}

/** A run that has lost a worker goes on without it: from that phase on there is work on that host alone. */
interface Behind {
  readonly host: HostName;
  readonly phase: string;
}

function behindAfter({ host, phase = '' }: Fault, { code, events }: Result): Behind | undefined {
  if (code !== 4) return undefined;
  const failed = events.find((event) => event.type === 'host.failed' && event['host'] === host);
  return { host, phase: (failed?.['phase'] as string | undefined) ?? phase };
}

test('whatever happens during a first run, one more run makes of it what it would have been', async () => {
  const left = { ...WANTED };
  const fell: string[] = [];
  for (let cluster = 0; cluster < CLUSTERS && Object.values(left).some((count) => count > 0); cluster += 1) {
    await freshLab();
    await onSmallDisk(async () => {
      const order = [...steps.keys()];
      let behind: Behind | undefined;
      for (const phase of order) {
        if (behind && order.indexOf(phase) < order.indexOf(behind.phase)) continue;
        const among = HOSTS.filter((name) => steps.get(phase)!.has(name) && name === (behind?.host ?? name));
        if (among.length === 0) continue;
        const open = (Object.keys(left) as FaultKind[]).filter((kind) => left[kind] > 0);
        if (open.length === 0) break;
        const stopping = open.filter((kind) => !PASSING.includes(kind));
        const isLate = order.indexOf(phase) >= order.length - LATE;
        const kinds = isLate || stopping.length === 0 ? open : stopping;
        // A phase that no kill has fallen into comes first.
        const kind = left.kill > 0 && !fell.includes(`kill ${phase}`) ? 'kill' : pick(kinds);
        const fault = faultIn(phase, kind, among, phase === behind?.phase);
        const ended = await upWith(fault);
        console.log(`${named(fault)}: ${ended.fell ? `ended with ${ended.result.code}` : 'too late'}`);
        // One before has let its run go on to the end: nothing is left to fall into.
        if (!ended.fell) break;
        behind = behindAfter(fault, ended.result) ?? behind;
        left[fault.kind] -= 1;
        fell.push(`${fault.kind} ${phase}`);
        if (ended.result.code === 0) break;
      }
    });
    const last = await up();
    expect(last.summary.failed, failures(last)).toBe(0);
    const plan = await k8sb(['plan', '--detailed-exitcode']);
    expect(plan.code, failures(plan)).toBe(0);
    expect(await built()).toEqual(undisturbed);
    expect(await leftovers()).toEqual([]);
    expect(await kubectl(['--kubeconfig', kubeconfigFile, 'get', 'nodes', '--no-headers'])).not.toContain(
      'NotReady',
    );
  }
  console.log(`seed ${SEED}: ${fell.length} faults`);
  expect(Object.entries(left).filter(([, count]) => count > 0)).toEqual([]);
  const killed = new Set(fell.filter((one) => one.startsWith('kill ')).map((one) => one.split(' ')[1]));
  expect([...steps.keys()].filter((phase) => !killed.has(phase))).toEqual([]);
}, 7_200_000);
