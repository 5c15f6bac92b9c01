import { describe, expect, test } from 'vitest';
import { BootstrapError } from '../../../src/kernel/errors.ts';
import type { Untimed } from './support.ts';
import { done, failure, onTerminal, started, step, still } from './terminal.ts';

describe('a phase', () => {
  test('is drawn in place, and stays as one line with its time', async () => {
    const terminal = onTerminal(80, 24);
    terminal.tell(
      started('m1', 'w1'),
      { type: 'upload', host: 'm1', bytes: 4_000_000, total: 8_000_000 },
      { type: 'download', artifact: 'etcd v3.3.15', bytes: 1_000_000, total: 11_350_736 },
      step('m1', 'write /usr/local/bin/etcd'),
    );
    await terminal.shows([
      '* Run etcd  0 s',
      '  * m1  write /usr/local/bin/etcd  [##########----------]  50 %',
      '  › w1',
      '  ↓ etcd v3.3.15  [##------------------]   8 %  1.0 MB of 11.4 MB',
    ]);
    terminal.tell(
      { type: 'upload', host: 'm1', bytes: 8_000_000, total: 8_000_000 },
      { type: 'download', artifact: 'etcd v3.3.15', bytes: 11_350_736, total: 11_350_736 },
      { type: 'gate.passed', phase: 'etcd', host: 'm1', title: 'etcd is healthy', milliseconds: 1900 },
      { type: 'gate.waiting', phase: 'etcd', host: 'w1', waitingFor: 'etcd is healthy' },
    );
    await terminal.shows([
      '* Run etcd  0 s',
      '  ✔ m1  ready after T s',
      '  * w1  waiting until etcd is healthy',
    ]);
    terminal.tell(done(), started('m1'), done());
    await terminal.reporter.close();
    expect(terminal.screen.text()).toBe('✔ Run etcd (1 min 5 s)\n✔ Run etcd (1 min 5 s)');
  });

  test('says which of those that were told it is, while it is drawn', async () => {
    const terminal = onTerminal(80, 24);
    const told = ['base', 'etcd'].map((id) => ({ id, title: id, hosts: ['m1'], destroys: null }));
    terminal.tell({ type: 'procedure.planned', steps: told }, started('m1'));
    await terminal.shows(['* Run etcd (2 of 2)  0 s', '  › m1']);
    terminal.tell(done(), { ...started('m1'), phase: 'later' } as Untimed);
    await terminal.shows(['✔ Run etcd (1 min 5 s)', '* Run etcd  0 s', '  › m1']);
    await terminal.reporter.close();
  });

  test('gates look at hosts again and again, and what is told of them afterwards is shown', async () => {
    const terminal = onTerminal(80, 24);
    const probed: Untimed = { type: 'host.probed', host: 'm1', milliseconds: 1 };
    terminal.tell(
      started('m1'),
      probed,
      { type: 'gate.waiting', phase: 'etcd', host: 'm1', waitingFor: 'etcd is healthy' },
      probed,
      step('w1', 'the last to be told'),
    );
    await terminal.shows([
      '* Run etcd  0 s',
      '  * m1  waiting until etcd is healthy',
      '  * w1  the last to be told',
    ]);
    terminal.tell(
      { type: 'gate.passed', phase: 'etcd', host: 'm1', title: 'etcd is healthy', milliseconds: 1 },
      { type: 'upload', host: 'm1', bytes: 1, total: 2 },
      { type: 'step.done', phase: 'etcd', host: 'm1', step: 'restart it', milliseconds: 2 },
      { type: 'step.done', phase: 'etcd', host: 'unknown', step: 'x', milliseconds: 2 },
    );
    await terminal.shows([
      '* Run etcd  0 s',
      '  ✔ m1       restart it',
      '  * w1       the last to be told',
      '  ✔ unknown  x',
    ]);
    await terminal.reporter.close();
  });

  test('a host that failed stays failed, in red, its error in full above', async () => {
    const terminal = onTerminal(80, 24, { env: {} });
    terminal.tell(
      started('m1', 'w1'),
      failure('w1'),
      { type: 'step.done', phase: 'etcd', host: 'w1', step: 'too late', milliseconds: 2 },
      { type: 'upload', host: 'w1', bytes: 1, total: 2 },
      step('w1', 'too late'),
      step('m1', 'the last to be told'),
    );
    await terminal.shows([
      'error E_STEP: w1 is broken',
      '  its journal',
      '  where: host w1, phase etcd',
      '* Run etcd  0 s',
      '  * m1  the last to be told',
      '  ✖ w1  E_STEP w1 is broken',
    ]);
    expect(terminal.sent()).toContain('\u001b[31mw1  E_STEP w1 is broken\u001b[39m');
    terminal.tell(done('w1'));
    await terminal.reporter.close();
    expect(terminal.screen.text()).toMatch(/where: .*\n✖ Run etcd: failed on w1 \(1 min 5 s\)$/);
  });

  test('that nobody began ends without a word', async () => {
    const terminal = onTerminal(80, 24);
    terminal.tell(done());
    await terminal.reporter.close();
    expect(terminal.screen.text()).toBe('');
  });

  test('is stopped by an interrupt only; an error of the run has failed it', async () => {
    const end = async (code: string): Promise<string> => {
      const terminal = onTerminal(80, 24);
      terminal.tell(started('m1'), { type: 'run.failed', error: new BootstrapError(code, 'so it is') });
      await terminal.reporter.close();
      return still(terminal.screen.text());
    };
    expect(await end('E_ABORTED')).toBe('↓ Run etcd (stopped after T s)\nerror E_ABORTED: so it is');
    expect(await end('E_TOO_FEW_STAND')).toBe('✖ Run etcd (T s)\nerror E_TOO_FEW_STAND: so it is');
  });

  test('what is said meanwhile stands above it at once', async () => {
    const terminal = onTerminal(30, 24);
    terminal.tell(started('m1'), {
      type: 'note',
      level: 'warn',
      message: 'stopping when the running step is done',
    });
    await terminal.shows([
      'warning: stopping when the',
      '    running step is done',
      '* Run etcd  0 s',
      '  › m1',
    ]);
    await terminal.reporter.close();
  });
});

describe('looking at hosts', () => {
  const run: Untimed = { type: 'run.started', command: 'up', cluster: 'c', hosts: ['m1', 'w1'] };
  const probed = (host: string): Untimed => ({ type: 'host.probed', host, milliseconds: 1 });

  test('leaves a line the first time, and afterwards only when a host was lost', async () => {
    const terminal = onTerminal(80, 24);
    terminal.tell(
      run,
      { type: 'host.connecting', host: 'm1', attempt: 2 },
      { type: 'host.connected', host: 'w1' },
    );
    await terminal.shows(['* Looking at 2 hosts  0 s', '  * m1  connecting (attempt 2)', '  * w1  looking']);
    terminal.tell(probed('m1'), probed('w1'), started('m1'), done(), probed('m1'));
    const before = ['✔ Looking at 2 hosts (T s)', '✔ Run etcd (1 min 5 s)'];
    await terminal.shows([...before, '* Looking again  0 s', '  ✔ m1']);
    terminal.tell(started('m1'), done(), probed('m1'), failure('w1'), started('m1'), done());
    await terminal.reporter.close();
    expect(still(terminal.screen.text()).split('\n')).toEqual([
      ...before,
      before[1],
      'error E_STEP: w1 is broken',
      '  its journal',
      '  where: host w1, phase etcd',
      '✖ Looking again: failed on w1 (T s)',
      before[1],
    ]);
  });

  test('a step that no phase was told for is shown under the name of its phase', async () => {
    const terminal = onTerminal(80, 24);
    terminal.tell(run, probed('m1'), { ...step('m1', 'remove /etc/old'), phase: 'prune' } as Untimed);
    await terminal.shows(['✔ Looking at 2 hosts (T s)', '* prune  0 s', '  * m1  remove /etc/old']);
    terminal.tell(probed('m1'));
    await terminal.shows(['✔ Looking at 2 hosts (T s)', '✔ prune (T s)', '* Looking again  0 s', '  ✔ m1']);
    await terminal.reporter.close();
  });
});
