import { userInfo } from 'node:os';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { endHold, hold, letFail, letGo } from '../support/hold.ts';
import { eventually, kubectlJson } from '../support/kubectl.ts';
import { lab, onHost } from '../support/lab.ts';
import {
  type Event,
  confirmed,
  failures,
  forgetHostKey,
  inventoryFile,
  k8sb,
  lines,
  product,
  standingCluster,
  up,
  withInventory,
} from '../support/product.ts';
import { moved, startsOf } from '../support/units.ts';
import { startUp } from '../support/watched-run.ts';

const UNIT = '/etc/systemd/system/kube-scheduler.service';
const loudScheduler = (text: string): string => `${text}\nscheduler:\n  extraArgs: { v: '3' }\n`;
const loudProxyToo = (text: string): string =>
  `${loudScheduler(text)
    .trimEnd()
    .replace(/\nkubeProxy:\n/, "\nkubeProxy:\n  extraArgs: { v: '3' }\n")}\n`;

beforeAll(standingCluster);
afterEach(() => endHold('m1'));

const isStep = (event: Event, type: string, step: string): boolean =>
  event.type === type && String(event['step']).includes(step);

const lockIsFree = (): Promise<string> =>
  onHost('m1', 'flock -n /var/lib/k8s-bootstrap/lock true && [ ! -e /var/lib/k8s-bootstrap/lock.owner ]');

test('a run that was killed between writing a unit and restarting it is completed by the next', () =>
  withInventory(loudScheduler, async () => {
    const before = await startsOf();
    await hold('m1');
    const run = startUp();
    await run.until((event) => isStep(event, 'step.done', UNIT));
    run.child().kill('SIGKILL');
    const killed = await run.result;
    expect(killed.code).toBe(137);
    expect(killed.events.some((event) => isStep(event, 'step.done', 'restart kube-scheduler'))).toBe(false);
    await letFail('m1');
    await endHold('m1');
    expect(moved(before, await startsOf())).toEqual([]);
    expect(await onHost('m1', `cat ${UNIT}`)).toContain('--v=3');

    const plan = await k8sb(['plan']);
    expect(lines(plan.planned)).toEqual(['m1 service:kube-scheduler.service restart']);
    expect((await up()).summary).toMatchObject({ changed: 1, failed: 0 });
    expect(moved(before, await startsOf())).toEqual(['m1 kube-scheduler.service']);
    expect(await onHost('m1', 'tr "\\0" "\\n" < /proc/$(pidof kube-scheduler)/cmdline')).toContain('--v=3\n');
  }));

test('an interrupt finishes the running step, gives the lock back and exits with 130', async () => {
  const before = await startsOf();
  await hold('m1');
  const run = startUp();
  await run.until((event) => isStep(event, 'step.done', UNIT));
  run.child().kill('SIGINT');
  await run.until(({ type }) => type === 'note');
  await letGo('m1');
  const stopped = await run.result;
  expect(stopped.code, failures(stopped)).toBe(130);
  expect(stopped.events.some((event) => isStep(event, 'step.done', 'restart kube-scheduler'))).toBe(true);
  expect(stopped.summary.type).toBe('summary');
  await lockIsFree();
  await endHold('m1');
  expect(moved(before, await startsOf())).toEqual(['m1 kube-scheduler.service']);
  expect((await up()).summary.changed).toBe(0);
});

test('of two controllers at once the second ends with 5 and names the first', () =>
  withInventory(loudScheduler, async () => {
    await hold('m1');
    const first = startUp();
    await first.until((event) => isStep(event, 'step.done', UNIT));
    const before = await startsOf();
    const second = await k8sb(['up']);
    expect(second.code, failures(second)).toBe(5);
    const { error } = second.events.find(({ type }) => type === 'run.failed') as unknown as {
      error: { code: string; message: string };
    };
    expect(error.code).toBe('E_LOCKED');
    expect(error.message).toContain(`${userInfo().username}@`);
    expect(error.message).toContain(`pid ${first.child().pid ?? ''}`);
    expect(error.message).toMatch(/since \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/);
    expect(second.summary).toMatchObject({ changed: 0 });
    expect(moved(before, await startsOf())).toEqual([]);
    await letGo('m1');
    const done = await first.result;
    expect(done.code, failures(done)).toBe(0);
    await lockIsFree();
  }));

test('unlock names who changes the hosts, and takes the lock from them when that is confirmed', () =>
  withInventory(loudScheduler, async () => {
    await onHost('m1', `echo >> ${UNIT}`);
    await hold('m1');
    const first = startUp();
    await first.until((event) => isStep(event, 'step.done', UNIT));
    const looked = await k8sb(['plan']);
    expect(JSON.stringify(looked.events), 'a plan says who works there').toContain(
      `is being changed by ${userInfo().username}@`,
    );
    const asked = await product(['unlock', '--json', '-i', inventoryFile]);
    expect(asked.code, failures(asked)).toBe(2);
    const told = asked.events.find(({ type, host }) => type === 'note' && host === 'm1');
    expect(told?.['message']).toContain(`pid ${first.child().pid ?? ''}`);
    const taken = await confirmed('unlock');
    expect(taken.code, failures(taken)).toBe(0);
    await letGo('m1');
    const ended = await first.result;
    expect(ended.code, failures(ended)).toBe(1);
    expect(failures(ended)).toContain('E_LOCK_LOST');
    await lockIsFree();
    await endHold('m1');
    expect((await confirmed('unlock')).events.find(({ type }) => type === 'result')?.['data']).toEqual({
      held: [],
      taken: [],
      notAsked: [],
    });
    await up();
  }));

test('the lock of a controller that is gone without a word expires', () =>
  withInventory(loudProxyToo, async () => {
    // The scheduler is as the inventory wants it again, so that the first run has a unit to stand still at.
    await onHost('m1', `echo >> ${UNIT}`);
    await hold('m1');
    const first = startUp();
    await first.until((event) => isStep(event, 'step.done', UNIT));
    // A process that is stopped is to the hosts what a machine without power is: the connection stands, nothing comes.
    first.child().kill('SIGSTOP');
    try {
      await letGo('m1');
      const refused = await k8sb(['up']);
      expect(refused.code, failures(refused)).toBe(5);
      const second = await eventually(async () => {
        const result = await k8sb(['up']);
        expect(result.code, failures(result)).toBe(0);
        return result;
      }, 120);
      expect(second.summary.hosts.map(({ restarted }) => restarted)).toEqual([
        ['kube-proxy.service'],
        ['kube-proxy.service'],
        ['kube-proxy.service'],
      ]);
    } finally {
      first.child().kill('SIGKILL');
      await first.result;
    }
  }));

test('a controller-manager that ended with the restart of its API server is waited for, and no restart of ours', async () => {
  await up();
  const before = await startsOf();
  // Ends one second after the API server has begun anew, and once more when systemd has started it again five seconds later:
  // the run comes to it when the API server is ready. At a third time a run would call it given up.
  const fall = `until [ "$(pidof kube-apiserver || echo "$old")" != "$old" ]; do sleep 0.1; done
    sleep 1
    for i in 1 2; do until old=$(pidof kube-controller-manager); do sleep 0.1; done; kill -KILL "$old"; sleep 0.5; done`;
  await onHost(
    'm1',
    `echo >> /etc/systemd/system/kube-apiserver.service
    old=$(pidof kube-apiserver) timeout 60 sh -c '${fall}' > /dev/null 2>&1 &`,
  );
  const { events, summary } = await up();
  const waited = events.filter(
    (event) => event.type === 'gate.passed' && event['phase'] === 'controller-manager',
  );
  expect(waited.map(({ host }) => host)).toEqual(['m1']);
  expect(summary).toMatchObject({ changed: 2, failed: 0 });
  expect(moved(before, await startsOf())).toEqual(['m1 kube-apiserver.service']);
});

test('a new worker is finished whenever the runs before were killed', async () => {
  await up();
  await lab('wipe', 'w1');
  await forgetHostKey('w1');
  const phases = [
    'packages',
    'os',
    'firewall',
    'trust',
    'runtime',
    'cni',
    'balancer',
    'kubelet',
    'kube-proxy',
  ];
  const fell: string[] = [];
  for (const phase of phases) {
    const run = startUp('--accept-new-host-keys');
    try {
      await run.until(
        ({ type, host, ...event }) => type === 'step.started' && host === 'w1' && event['phase'] === phase,
      );
      fell.push(phase);
    } catch {
      // What a killed run had sent goes on without it, and may have finished this phase before.
    }
    run.child().kill('SIGKILL');
    await run.result;
  }
  // A kill counts only when it fell into the work.
  expect(fell.length, fell.join(' ')).toBeGreaterThanOrEqual(phases.length - 2);
  const last = await up();
  expect(last.summary.failed).toBe(0);
  expect((await k8sb(['plan', '--detailed-exitcode'])).code).toBe(0);
  const { items } = await kubectlJson<{
    items: { metadata: { name: string }; status: { conditions: { type: string; status: string }[] } }[];
  }>('get', 'nodes');
  const ready = items.filter(({ status }) =>
    status.conditions.some(({ type, status }) => type === 'Ready' && status === 'True'),
  );
  expect(ready.map(({ metadata }) => metadata.name)).toEqual(['m1', 'w1', 'w2']);
});
