import { describe, expect, test } from 'vitest';
import { asBootstrapError, BootstrapError } from '../../../src/kernel/errors.ts';
import { describeError, errorText } from '../../../src/report/error-text.ts';
import { emptyHistory } from '../../../src/report/history.ts';
import { PlannedChanges } from '../../../src/report/plan-text.ts';
import { type Plan, type PlannedChange, summaryOf } from '../../../src/plan/plan.ts';
import { summaryText } from '../../../src/report/summary-text.ts';
import { noPaint } from '../../../src/report/text.ts';
import type { Paint } from '../../../src/report/text.ts';
import { aPlan, anError, aRun, aSummary, rig } from './support.ts';

const golden = (name: string): string => `../../golden/report/${name}`;
const tagged: Paint = (style, text) => `<${style}>${text}</${style}>`;

function planText(plan: Plan, { paint = noPaint, showCreated = false } = {}): string {
  const planned = new PlannedChanges(showCreated);
  for (const host of plan.hosts) planned.add(host);
  const summary = summaryOf(plan, Math.max(plan.hosts.length, 3), ['os', 'etcd', 'addons', 'p']);
  return planned.text(summary, paint);
}

describe('plan', () => {
  test('one of everything', async () => {
    await expect(planText(aPlan())).toMatchFileSnapshot(golden('plan.txt'));
  });

  test('in colour, with the text of created files', async () => {
    const text = planText(aPlan(), { paint: tagged, showCreated: true });
    await expect(text).toMatchFileSnapshot(golden('plan-colour.txt'));
  });

  test('phases come as they are done, whichever host has them first', () => {
    const { hosts } = aPlan();
    expect(planText({ hosts: hosts.toReversed() }).match(/^[a-z]+: /gm)).toEqual([
      'os: ',
      'etcd: ',
      'addons: ',
    ]);
  });

  test('what no other host makes up for is said', () => {
    const footer = (alone: readonly string[]): string | undefined =>
      new PlannedChanges(false)
        .text(summaryOf(aPlan(), 3, ['os', 'etcd', 'addons', 'p'], { alone }), noPaint)
        .split('\n')
        .find((line) => line.startsWith('Nothing stands in'));
    expect(footer(['etcd'])).toBe('Nothing stands in meanwhile for: etcd.service on m1.');
    expect(footer([])).toBeUndefined();
  });

  test('nothing to do', () => {
    expect(planText({ hosts: [] })).toBe('No changes. 3 hosts as the inventory says.\n');
  });

  test('thirty hosts with the same changes read like one, whatever new files say on each', () => {
    const names = Array.from({ length: 30 }, (_, index) => `w${index + 1}`);
    const created = (host: string): PlannedChange => {
      const text = { path: '/etc/new', before: '', after: `own of ${host}\n` };
      return { id: 'file:/etc/new', title: '/etc/new', change: { kind: 'create', summary: '9 bytes', text } };
    };
    const [phase] = aPlan().hosts[0]!.phases;
    const hosts = names.map((host) => ({
      host,
      phases: [{ ...phase!, changes: [...phase!.changes, created(host)] }],
      orphans: [],
    }));
    const lines = planText({ hosts }).split('\n');
    expect(lines.length).toBeLessThan(14);
    expect(lines[1]).toBe(`  ${names.join(', ')}:`);
    expect(lines).toContain('120 changes on 30 hosts.');
  });

  test('a change of nothing but a masked secret says so', () => {
    const text = { path: '/etc/x', before: 'token=***\n', after: 'token=***\n' };
    const changes = [
      { id: 'file:/etc/x', title: '/etc/x', change: { kind: 'update' as const, summary: '', text } },
    ];
    const phases = [{ phase: 'p', title: 'P', changes }];
    expect(planText({ hosts: [{ host: 'm1', phases, orphans: [] }] })).toContain(
      '(differs only in what is not shown)',
    );
  });
});

describe('summary', () => {
  const history = {
    ...emptyHistory(false),
    command: 'up',
    steps: [5, 70_000, 20, 4000, 3000, 1, 900].map((milliseconds, index) => ({
      host: 'm1',
      phase: index === 0 ? 'os' : 'etcd',
      step: `step ${index}`,
      milliseconds,
    })),
    failures: [{ host: 'worker-with-a-long-name', error: describeError(anError()) }],
  };

  test('with a failed host', async () => {
    await expect(summaryText(aSummary(), history, noPaint)).toMatchFileSnapshot(golden('summary-failed.txt'));
  });

  test('after a successful up', async () => {
    const good = aSummary({ failed: 0, hosts: aSummary().hosts.slice(0, 2) });
    const text = summaryText(good, { ...history, failures: [] }, tagged);
    await expect(text).toMatchFileSnapshot(golden('summary-up.txt'));
  });

  test('no next commands after another command, a failure, or without a kubeconfig', () => {
    const good = aSummary({ failed: 0 });
    expect(summaryText(good, { ...history, command: 'reset' }, noPaint)).not.toContain('KUBECONFIG');
    expect(summaryText(aSummary(), history, noPaint)).not.toContain('KUBECONFIG');
    expect(summaryText({ ...good, kubeconfig: null }, history, noPaint)).not.toContain('KUBECONFIG');
  });
});

describe('errors', () => {
  const text = (error: BootstrapError): string => errorText(describeError(error), noPaint);

  test('with place, hint and causes', async () => {
    await expect(text(anError().at({ host: 'm1', phase: 'etcd' }))).toMatchFileSnapshot(golden('error.txt'));
  });

  test('in colour', async () => {
    await expect(errorText(describeError(anError()), tagged)).toMatchFileSnapshot(golden('error-colour.txt'));
  });

  test('an inventory with several problems lists them instead of its message', async () => {
    const problems = [
      {
        path: 'hosts[1].adress',
        message: 'unknown key',
        hint: 'Did you mean address?',
        where: { file: 'inventory.yaml', line: 7, column: 5 },
      },
      {
        path: '',
        message: 'no host has the role master',
        where: { file: 'inventory.yaml', line: 1, column: 1 },
      },
    ];
    const error = Object.assign(
      new BootstrapError('E_INVENTORY', 'all of it again', { where: problems[0]!.where }),
      { problems },
    );
    await expect(text(error)).toMatchFileSnapshot(golden('error-inventory.txt'));
    expect(describeError(error)).toMatchObject({ code: 'E_INVENTORY', problems });
  });

  test('a bug prints its stack once and asks for a report', async () => {
    const thrown = new TypeError('x is not a function');
    thrown.stack = 'TypeError: x is not a function\n    at f (file.ts:1:2)';
    await expect(text(asBootstrapError(thrown))).toMatchFileSnapshot(golden('error-bug.txt'));
  });

  test('a cause that is its own cause ends', () => {
    const loop = new TypeError('around');
    loop.cause = loop;
    expect(describeError(new BootstrapError('E_X', 'x', { cause: loop })).causes).toEqual(['around']);
  });
});

describe('a whole run', () => {
  test('as plain lines', async () => {
    const { tell, reporter, stdout, stderr } = rig();
    tell(...aRun());
    await reporter.close();
    await expect(stderr.text()).toMatchFileSnapshot(golden('run-plain-stderr.txt'));
    await expect(stdout.text()).toMatchFileSnapshot(golden('run-plain-stdout.txt'));
  });

  test('as plain lines, verbose', async () => {
    const { tell, reporter, stderr } = rig({ verbose: true });
    tell(...aRun());
    await reporter.close();
    await expect(stderr.text()).toMatchFileSnapshot(golden('run-plain-verbose.txt'));
  });
});
