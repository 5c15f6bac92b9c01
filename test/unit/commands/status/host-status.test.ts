import { expect, it } from 'vitest';
import type { Host } from '../../../../src/inventory/types.ts';
import { hostStatuses } from '../../../../src/commands/status/host-status.ts';
import { BootstrapError } from '../../../../src/kernel/errors.ts';
import type { Plan } from '../../../../src/plan/plan.ts';
import { NODES } from '../../../../src/resources/cluster/kube-api.ts';
import { makeFleet } from '../../../../src/run/fleet.ts';
import { observed } from '../../../support/observed.ts';

const condition = (type: string, status: string, message: string) => ({ type, status, message });

/** Problems by host, where the master's API server says this of w1's node. */
function problems(
  conditions: readonly unknown[],
  { isW1Lost = false, plan = { hosts: [] } }: { isW1Lost?: boolean; plan?: Plan } = {},
): Record<string, readonly string[]> {
  const fleet = makeFleet(['m1', 'w1'], {
    emit: () => undefined,
    addressOf: () => '192.0.2.1',
    connect: () => Promise.reject(new Error('not dialled')),
    concurrency: 1,
    kill: new AbortController().signal,
    knownError: () => undefined,
  });
  const body = { items: [{ metadata: { name: 'w1' }, status: { conditions } }] };
  fleet.members.get('m1')!.seen = observed({ objects: { [NODES]: { status: 200, body } } });
  const w1 = fleet.members.get('w1')!;
  w1.seen = observed({});
  if (isW1Lost) w1.failed = new BootstrapError('E_UNREACHABLE', 'w1 does not answer');
  const statuses = hostStatuses({
    inventory: { hosts: ['m1', 'w1'].map((name) => ({ name, roles: [] }) as unknown as Host) } as never,
    fleet,
    stages: [],
    plan,
    now: new Date(),
    isOurs: () => true,
    tampered: new Map(),
    others: isW1Lost ? new Map([['w1', ['it is away']]]) : new Map(),
  });
  return Object.fromEntries(statuses.map(({ host, problems: own }) => [host, own]));
}

it('tells what presses on a node, and nothing of one that is well', () => {
  const well = [condition('MemoryPressure', 'False', 'enough'), condition('Ready', 'True', 'posting')];
  expect(problems(well)).toEqual({ m1: [], w1: [] });
  expect(problems([...well, condition('DiskPressure', 'True', 'has no room')])).toEqual({
    m1: [],
    w1: ['its node has DiskPressure (has no room)'],
  });
});

it('tells of a host that was lost that it was, and why where nothing else says it', () => {
  expect(problems([], { isW1Lost: true })).toMatchObject({ w1: ['cannot be looked at', 'it is away'] });
});

it('takes what a node says of itself for a few words of somebody else', () => {
  const many = Array.from({ length: 50 }, (_, index) =>
    condition(`Bad${index}`, 'True', `\u001B[2J${'x'.repeat(100_000)}\n`),
  );
  const { w1 = [] } = problems(many);
  expect(w1.length).toBeLessThan(10);
  expect(w1.join('').length).toBeLessThan(10_000);
  // eslint-disable-next-line no-control-regex
  expect(w1.join('')).not.toMatch(/[\u0000-\u001F]/);
});

it('names what is due as plans do: what does not run is started', () => {
  const due = (summary: string, title: string) => {
    const change = { kind: 'restart', summary, because: ['x'], interrupts: false } as const;
    return { id: `service:${title}`, title, change };
  };
  const changes = [due('start', 'a.service'), due('reload', 'b.service'), due('restart', 'c.service')];
  const phases = [{ phase: 'kubelet', title: 'kubelet', changes }];
  expect(problems([], { plan: { hosts: [{ host: 'w1', phases, orphans: [] }] } })).toEqual({
    m1: [],
    w1: ['3 changes are due: start a.service, reload b.service, restart c.service'],
  });
});
