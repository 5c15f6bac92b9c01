import { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { BootstrapError } from '../../../src/kernel/errors.ts';
import type { ReporterOptions } from '../../../src/report/reporter.ts';
import { Screen } from '../../support/screen.ts';
import { aPlan, aRun, aSummary, anError, rig } from './support.ts';
import type { Rig, Untimed } from './support.ts';

afterEach(() => {
  vi.doUnmock('listr2');
  vi.restoreAllMocks();
});

interface Terminal extends Rig {
  readonly screen: Screen;
  /** Everything that was sent. */
  readonly sent: () => string;
  readonly resize: (columns: number, rows: number) => void;
  /** Lets the next question about its size fail. */
  readonly confuse: () => void;
}

/** A reporter on a terminal that is looked at as a person does. */
function onTerminal(columns: number, rows: number, options: Partial<ReporterOptions> = {}): Terminal {
  const screen = new Screen(columns, rows);
  let sent = '';
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      sent += chunk.toString();
      screen.write(chunk.toString());
      done();
    },
  });
  const stderr = Object.assign(stream, { isTTY: true, columns, rows });
  return {
    ...rig({ format: 'auto', stderr, ...options }),
    screen,
    sent: () => sent,
    resize: (wide, high) => {
      screen.resize(wide, high);
      Object.assign(stderr, { columns: wide, rows: high });
      stderr.emit('resize');
    },
    confuse: () => {
      Object.defineProperty(stderr, 'columns', {
        configurable: true,
        get: () => {
          Object.defineProperty(stderr, 'columns', { value: columns });
          throw new TypeError('no such terminal');
        },
      });
    },
  };
}

/** Longer than the time between two drawings. */
const LOOK = 130;

async function play(terminal: Terminal, events: readonly Untimed[]): Promise<void> {
  terminal.tell(...events);
  await sleep(LOOK);
}

const started = (...hosts: string[]): Untimed => ({
  type: 'phase.started',
  phase: 'etcd',
  title: 'Run etcd',
  hosts,
});
const step = (host: string, text: string): Untimed => ({
  type: 'step.started',
  phase: 'etcd',
  host,
  step: text,
});
const done = (...failed: string[]): Untimed => ({
  type: 'phase.done',
  phase: 'etcd',
  milliseconds: 65_000,
  failed,
});
const failure = (host: string, code = 'E_STEP'): Untimed => ({
  type: 'host.failed',
  host,
  phase: 'etcd',
  error: new BootstrapError(code, `${host} is broken\nits journal`),
});

/** Drawings differ in their spinner and clock only. */
const still = (text: string): string =>
  text.replaceAll(/[⠁-⣿]/gu, '*').replaceAll(/\d+\.\d( s|(?=…))/g, 'T s');

describe('a phase', () => {
  test('is drawn in place, and stays as one line with its time', async () => {
    const terminal = onTerminal(80, 24);
    await play(terminal, [
      { type: 'run.started', command: 'up', cluster: 'c', hosts: ['m1', 'w1'] },
      started('m1', 'w1'),
      { type: 'upload', host: 'm1', bytes: 4_000_000, total: 8_000_000 },
      { type: 'download', artifact: 'etcd v3.3.15', bytes: 1_000_000, total: 11_350_736 },
      step('m1', 'write /usr/local/bin/etcd'),
    ]);
    expect(still(terminal.screen.text())).toBe(
      [
        '* Run etcd  0 s',
        '  * m1  write /usr/local/bin/etcd  [##########----------]  50 %',
        '  › w1',
        '  ↓ etcd v3.3.15  [##------------------]   8 %  1.0 MB of 11.4 MB',
      ].join('\n'),
    );
    await play(terminal, [
      { type: 'upload', host: 'm1', bytes: 8_000_000, total: 8_000_000 },
      { type: 'download', artifact: 'etcd v3.3.15', bytes: 11_350_736, total: 11_350_736 },
      { type: 'gate.passed', phase: 'etcd', host: 'm1', milliseconds: 1900 },
      { type: 'gate.waiting', phase: 'etcd', host: 'w1', waitingFor: 'etcd to be healthy' },
    ]);
    expect(still(terminal.screen.text())).toBe(
      ['* Run etcd  0 s', '  ✔ m1  ready after T s', '  * w1  waiting for etcd to be healthy'].join('\n'),
    );
    await play(terminal, [done(), started('m1'), done()]);
    await terminal.reporter.close();
    expect(terminal.screen.text()).toBe('✔ Run etcd (1 min 5 s)\n✔ Run etcd (1 min 5 s)');
  });

  test('gates look at hosts again and again, and what is told of them afterwards is shown', async () => {
    const terminal = onTerminal(80, 24);
    await play(terminal, [
      started('m1'),
      { type: 'host.probed', host: 'm1', milliseconds: 1 },
      { type: 'gate.waiting', phase: 'etcd', host: 'm1', waitingFor: 'etcd' },
      { type: 'host.probed', host: 'm1', milliseconds: 1 },
    ]);
    expect(still(terminal.screen.text())).toBe('* Run etcd  0 s\n  * m1  waiting for etcd');
    await play(terminal, [
      { type: 'gate.passed', phase: 'etcd', host: 'm1', milliseconds: 1 },
      { type: 'upload', host: 'm1', bytes: 1, total: 2 },
      { type: 'step.done', phase: 'etcd', host: 'm1', step: 'restart it', milliseconds: 2 },
      { type: 'step.done', phase: 'etcd', host: 'unknown', step: 'x', milliseconds: 2 },
    ]);
    expect(still(terminal.screen.text())).toBe('* Run etcd  0 s\n  ✔ m1       restart it\n  ✔ unknown  x');
    await terminal.reporter.close();
  });

  test('a host that failed stays failed, in red, its error in full above', async () => {
    const terminal = onTerminal(80, 24, { env: {} });
    await play(terminal, [
      started('m1', 'w1'),
      failure('w1'),
      { type: 'step.done', phase: 'etcd', host: 'w1', step: 'too late', milliseconds: 2 },
      { type: 'upload', host: 'w1', bytes: 1, total: 2 },
      step('w1', 'too late'),
    ]);
    expect(still(terminal.screen.text())).toBe(
      [
        'error E_STEP: w1 is broken',
        '  its journal',
        '  where: host w1, phase etcd',
        '* Run etcd  0 s',
        '  › m1',
        '  ✖ w1  E_STEP w1 is broken',
      ].join('\n'),
    );
    expect(terminal.sent()).toContain('\u001b[31mw1  E_STEP w1 is broken\u001b[39m');
    await play(terminal, [done('w1')]);
    await terminal.reporter.close();
    expect(terminal.screen.text()).toMatch(/where: .*\n✖ Run etcd: failed on w1 \(1 min 5 s\)$/);
  });

  test('that nobody began ends without a word', async () => {
    const terminal = onTerminal(80, 24);
    await play(terminal, [done()]);
    await terminal.reporter.close();
    expect(terminal.screen.text()).toBe('');
  });

  test('is stopped by an interrupt only; an error of the run has failed it', async () => {
    const end = async (code: string): Promise<string> => {
      const terminal = onTerminal(80, 24);
      await play(terminal, [
        started('m1'),
        { type: 'run.failed', error: new BootstrapError(code, 'so it is') },
      ]);
      await terminal.reporter.close();
      return still(terminal.screen.text());
    };
    expect(await end('E_ABORTED')).toBe('↓ Run etcd (stopped after T s)\nerror E_ABORTED: so it is');
    expect(await end('E_TOO_FEW_STAND')).toBe('✖ Run etcd (T s)\nerror E_TOO_FEW_STAND: so it is');
  });

  test('what is said meanwhile stands above it at once', async () => {
    const terminal = onTerminal(30, 24);
    await play(terminal, [
      started('m1'),
      { type: 'note', level: 'warn', message: 'stopping when the running step is done' },
    ]);
    expect(still(terminal.screen.text())).toBe(
      'warning: stopping when the run\nning step is done\n* Run etcd  0 s\n  › m1',
    );
    await terminal.reporter.close();
  });
});

describe('looking at hosts', () => {
  const run: Untimed = { type: 'run.started', command: 'up', cluster: 'c', hosts: ['m1', 'w1'] };
  const probed = (host: string): Untimed => ({ type: 'host.probed', host, milliseconds: 1 });

  test('leaves a line the first time, and afterwards only when a host was lost', async () => {
    const terminal = onTerminal(80, 24);
    await play(terminal, [
      run,
      { type: 'host.connecting', host: 'm1', attempt: 2 },
      { type: 'host.connected', host: 'w1' },
    ]);
    expect(still(terminal.screen.text())).toBe(
      '* Looking at 2 hosts  0 s\n  * m1  connecting (attempt 2)\n  * w1  looking',
    );
    await play(terminal, [probed('m1'), probed('w1'), started('m1'), done(), probed('m1')]);
    expect(still(terminal.screen.text())).toBe(
      '✔ Looking at 2 hosts (T s)\n✔ Run etcd (1 min 5 s)\n* Looking again  0 s\n  ✔ m1',
    );
    await play(terminal, [failure('w1'), started('m1'), done()]);
    await terminal.reporter.close();
    expect(still(terminal.screen.text()).split('\n').slice(-2)).toEqual([
      '✖ Looking again: failed on w1 (T s)',
      '✔ Run etcd (1 min 5 s)',
    ]);
  });

  test('a step that no phase was told for is shown under the name of its phase', async () => {
    const terminal = onTerminal(80, 24);
    await play(terminal, [
      run,
      probed('m1'),
      { ...step('m1', 'remove /etc/old'), phase: 'prune' } as Untimed,
    ]);
    expect(still(terminal.screen.text())).toBe(
      '✔ Looking at 2 hosts (T s)\n* prune  0 s\n  * m1  remove /etc/old',
    );
    await play(terminal, [probed('m1')]);
    expect(still(terminal.screen.text())).toMatch(/\n✔ prune \(T s\)\n\* Looking again {2}0 s\n {2}✔ m1$/);
    await terminal.reporter.close();
  });
});

describe('a whole run', () => {
  test('ends with one line a phase, in whatever size', async () => {
    for (const [columns, rows] of [
      [80, 24],
      [200, 50],
      [20, 5],
    ] as const) {
      const terminal = onTerminal(columns, rows);
      for (const event of aRun()) {
        terminal.tell(event);
        await sleep(45);
      }
      await terminal.reporter.close();
      const text = still(terminal.screen.text());
      expect(text).not.toContain('*');
      expect(text.split('\n').filter((line) => /^[✔✖↓]/.test(line))).toEqual(
        columns === 20
          ? ['✔ Looking at 3 hos…', '✔ Downloading (T s…', '✖ Run etcd: failed…']
          : ['✔ Looking at 3 hosts (T s)', '✔ Downloading (T s)', '✖ Run etcd: failed on w1 (1 min 5 s)'],
      );
      expect(terminal.screen.cursorVisible).toBe(true);
      expect(terminal.stdout.text()).toContain('Expected interruption');
      expect(terminal.stdout.text()).toContain('HOST');
    }
  }, 60_000);

  test('writes to the streams it was given alone', async () => {
    const stolen = [process.stdout, process.stderr].map((stream) => vi.spyOn(stream, 'write'));
    const terminal = onTerminal(80, 24);
    await play(terminal, aRun());
    await terminal.reporter.close();
    for (const spy of stolen) expect(spy).not.toHaveBeenCalled();
  });

  test.each([13, 17])(
    'after flush (%i events) nothing draws, so that a question can be asked',
    async (events) => {
      const terminal = onTerminal(100, 24);
      terminal.tell(...aRun().slice(0, events));
      await terminal.reporter.flush();
      expect(terminal.stdout.text()).toContain('Expected interruption');
      const before = terminal.sent();
      await sleep(250);
      expect(terminal.sent()).toBe(before);
      await terminal.reporter.close();
    },
  );

  test('colour as the environment given says; NO_COLOR leaves only cursor movements', async () => {
    const drawn = async (env: Record<string, string>): Promise<string> => {
      const terminal = onTerminal(100, 24, { env });
      await play(terminal, aRun());
      await terminal.reporter.close();
      return terminal.sent();
    };
    expect(await drawn({})).toContain('\u001b[32m✔\u001b[39m Looking at 3 hosts');
    // eslint-disable-next-line no-control-regex -- that is what is looked for
    expect(await drawn({ NO_COLOR: '1' })).not.toMatch(/\u001b\[[\d;]*m/);
  });
});

describe('the window', () => {
  const hosts = Array.from({ length: 30 }, (_, index) => `w${index + 1}`);

  test('shows of thirty hosts those at work, and the rest as a number', async () => {
    const terminal = onTerminal(80, 24);
    await play(terminal, [
      started(...hosts),
      ...hosts.map((host) => step(host, 'load br_netfilter')),
      ...hosts
        .slice(0, 25)
        .map((host): Untimed => ({ type: 'gate.passed', phase: 'etcd', host, milliseconds: 1 })),
    ]);
    const text = still(terminal.screen.text());
    expect(text.split('\n')).toHaveLength(23);
    for (const host of hosts.slice(25)) expect(text).toContain(`* ${host.padEnd(3)}  load br_netfilter`);
    expect(text).toMatch(/… and 9 more \(9 ready\)$/);
    await play(terminal, [done()]);
    await terminal.reporter.close();
    expect(terminal.screen.text()).toBe('✔ Run etcd (1 min 5 s)');
  });

  test.each([
    ['narrower and lower', 40, 10],
    ['wider and higher', 200, 50],
  ])('may become %s in the middle', async (_, columns, rows) => {
    const terminal = onTerminal(80, 24);
    const long = 'write /etc/kubernetes/a-file-with-a-long-name-that-fills-the-line-to-its-end-and-more';
    await play(terminal, [
      { type: 'note', level: 'info', message: 'before' },
      started('m1', 'w1'),
      step('m1', long),
      step('w1', long),
    ]);
    terminal.resize(columns, rows);
    expect(still(terminal.screen.text())).toBe(
      [
        'before',
        '* Run etcd  0 s',
        ...['m1', 'w1'].map((host) =>
          columns < 80 ? `  * ${host}  ${long}`.slice(0, columns - 2) + '…' : `  * ${host}  ${long}`,
        ),
      ].join('\n'),
    );
    await play(terminal, [done()]);
    await terminal.reporter.close();
    expect(terminal.screen.text()).toBe('before\n✔ Run etcd (1 min 5 s)');
  });
});

test('no order of events ends the live view, or leaves anything of a drawing', async () => {
  const host = fc.constantFrom('m1', 'w1', 'stranger');
  const phase = fc.constantFrom('etcd', 'os');
  const bytes = fc.record({
    bytes: fc.integer({ min: 0, max: 3 }),
    total: fc.constantFrom(0, 2),
  });
  const text = fc.string({ maxLength: 100 });
  const milliseconds = fc.nat(100_000);
  const event: fc.Arbitrary<Untimed> = fc.oneof(
    fc.record({
      type: fc.constant('run.started' as const),
      command: fc.constant('up'),
      cluster: text,
      hosts: fc.constant(['m1', 'w1']),
    }),
    fc.record({ type: fc.constant('host.connecting' as const), host, attempt: fc.nat(3) }),
    fc.record({ type: fc.constant('host.connected' as const), host }),
    fc.record({ type: fc.constant('host.probed' as const), host, milliseconds }),
    fc.record({ type: fc.constant('host.failed' as const), host, error: fc.constant(anError()) }),
    fc.record({
      type: fc.constant('preflight' as const),
      host,
      check: text,
      level: fc.constant('warn' as const),
      message: text,
    }),
    fc.constant({ type: 'plan.ready' as const, plan: aPlan() }),
    bytes.chain((progress) =>
      fc.record({ type: fc.constant('download' as const), artifact: phase }).map((one) => ({
        ...one,
        ...progress,
      })),
    ),
    bytes.chain((progress) =>
      fc.record({ type: fc.constant('upload' as const), host }).map((one) => ({ ...one, ...progress })),
    ),
    fc.record({
      type: fc.constant('phase.started' as const),
      phase,
      title: phase,
      hosts: fc.uniqueArray(host),
    }),
    fc.record({ type: fc.constant('step.started' as const), phase, host, step: text }),
    fc.record({ type: fc.constant('step.done' as const), phase, host, step: text, milliseconds }),
    fc.record({ type: fc.constant('gate.waiting' as const), phase, host, waitingFor: text }),
    fc.record({ type: fc.constant('gate.passed' as const), phase, host, milliseconds }),
    fc.record({
      type: fc.constant('phase.done' as const),
      phase,
      milliseconds,
      failed: fc.uniqueArray(host),
    }),
    fc.record({ type: fc.constant('run.failed' as const), error: fc.constant(anError()) }),
    fc.record({ type: fc.constant('result' as const), text, data: fc.constant(null) }),
    fc.record({ type: fc.constant('note' as const), level: fc.constant('info' as const), message: text }),
    fc.constant({ type: 'summary' as const, ...aSummary() }),
  );
  // Each look at the clock comes long after the one before, so that every event is drawn.
  let now = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => (now += 1000));
  await fc.assert(
    fc.asyncProperty(
      fc.array(event, { maxLength: 30 }),
      fc.integer({ min: 20, max: 120 }),
      fc.integer({ min: 4, max: 40 }),
      async (events, columns, rows) => {
        const terminal = onTerminal(columns, rows);
        terminal.tell(...events);
        await terminal.reporter.close();
        expect(terminal.screen.text()).not.toContain('the live view failed');
        expect(terminal.screen.text()).not.toMatch(/^[⠁-⣿]|^ {2}[⠁-⣿✔✖›↓] /mu);
        expect(terminal.screen.cursorVisible).toBe(true);
      },
    ),
    { numRuns: 60 },
  );
}, 60_000);

describe('when drawing fails, plain lines take over', () => {
  test('at its beginning', async () => {
    vi.doMock('listr2', () => {
      throw new TypeError('no such terminal');
    });
    const terminal = onTerminal(100, 24);
    await play(terminal, aRun());
    await terminal.reporter.close();
    expect(terminal.screen.text()).toContain('plain lines from here on');
    expect(terminal.screen.text()).toContain('m1  etcd  restart etcd.service (2.3 s)');
  });

  test('in the middle, between two events', async () => {
    const terminal = onTerminal(100, 24);
    await play(terminal, [started('m1')]);
    terminal.confuse();
    await sleep(LOOK);
    await play(terminal, [
      { type: 'gate.waiting', phase: 'etcd', host: 'm1', waitingFor: 'etcd' },
      { type: 'gate.passed', phase: 'etcd', host: 'm1', milliseconds: 100 },
    ]);
    await terminal.reporter.close();
    expect(terminal.screen.text().match(/plain lines from here on/g)).toHaveLength(1);
    expect(terminal.screen.text()).toMatch(
      /m1 {2}etcd {2}waiting for etcd\nm1 {2}etcd {2}ready after 0.1 s$/,
    );
  });
});

describe('auto', () => {
  const drawn = async (
    env: Record<string, string>,
    columns = 80,
    more: Partial<ReporterOptions> = {},
  ): Promise<boolean> => {
    const terminal = onTerminal(columns, 24, { env, ...more });
    await play(terminal, aRun());
    await terminal.reporter.close();
    return terminal.sent().includes('\u001b[?25l');
  };

  test('draws only for a terminal with a size, outside CI', async () => {
    expect(await drawn({})).toBe(true);
    expect(await drawn({}, 0)).toBe(false);
    expect(await drawn({ CI: 'true' })).toBe(false);
    expect(await drawn({ TERM: 'dumb' })).toBe(false);
    expect(await drawn({}, 80, { format: 'plain' })).toBe(false);
    const pipe = rig({ format: 'auto', env: {} });
    pipe.tell(...aRun());
    await pipe.reporter.close();
    expect(pipe.stderr.text()).not.toContain('\u001b');
  });
});
