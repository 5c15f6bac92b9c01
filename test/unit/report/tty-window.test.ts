import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { ReporterOptions } from '../../../src/report/reporter.ts';
import { aRun, rig } from './support.ts';
import type { Untimed } from './support.ts';
import { done, onTerminal, started, step, still } from './terminal.ts';

afterEach(() => {
  vi.doUnmock('listr2');
  vi.restoreAllMocks();
});

describe('a whole run', () => {
  test.each([
    [80, 24],
    [200, 50],
    [20, 5],
  ])('at %i columns and %i lines ends with one line a phase', async (columns, rows) => {
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
  });

  test('writes to the streams it was given alone', async () => {
    const stolen = [process.stdout, process.stderr].map((stream) => vi.spyOn(stream, 'write'));
    const terminal = onTerminal(80, 24);
    terminal.tell(...aRun());
    await terminal.reporter.close();
    for (const spy of stolen) expect(spy).not.toHaveBeenCalled();
  });

  test.each([16, 20])(
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
      terminal.tell(...aRun());
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
    const ready = (host: string): Untimed => ({
      type: 'gate.passed',
      phase: 'etcd',
      host,
      title: 'etcd is healthy',
      milliseconds: 1,
    });
    terminal.tell(
      started(...hosts),
      ...hosts.map((host) => step(host, 'load br_netfilter')),
      ...hosts.slice(0, 25).map(ready),
    );
    await terminal.shows([
      '* Run etcd  0 s',
      ...hosts.slice(0, 16).map((host) => `  ✔ ${host.padEnd(3)}  ready after T s`),
      ...hosts.slice(25).map((host) => `  * ${host}  load br_netfilter`),
      '  … and 9 more (9 ready)',
    ]);
    expect(terminal.screen.text().split('\n')).toHaveLength(23);
    terminal.tell(done());
    await terminal.reporter.close();
    expect(terminal.screen.text()).toBe('✔ Run etcd (1 min 5 s)');
  });

  test.each([
    ['narrower and lower', 40, 10],
    ['wider and higher', 200, 50],
  ])('may become %s in the middle', async (_, columns, rows) => {
    const terminal = onTerminal(80, 24);
    const long = 'write /etc/kubernetes/a-file-with-a-long-name-that-fills-the-line-to-its-end-and-more';
    const lines = (width: number): string[] => [
      'before',
      '* Run etcd  0 s',
      ...['m1', 'w1']
        .map((host) => `  * ${host}  ${long}`)
        .map((line) => (line.length < width ? line : `${line.slice(0, width - 2)}…`)),
    ];
    terminal.tell(
      { type: 'note', level: 'info', message: 'before' },
      started('m1', 'w1'),
      step('m1', long),
      step('w1', long),
    );
    await terminal.shows(lines(80));
    terminal.resize(columns, rows);
    expect(still(terminal.screen.text()).split('\n')).toEqual(lines(columns));
    terminal.tell(done());
    await terminal.reporter.close();
    expect(terminal.screen.text()).toBe('before\n✔ Run etcd (1 min 5 s)');
  });
});

describe('when drawing fails, plain lines take over', () => {
  test('at its beginning', async () => {
    vi.doMock('listr2', () => {
      throw new TypeError('no such terminal');
    });
    const terminal = onTerminal(100, 24);
    terminal.tell(...aRun());
    await terminal.reporter.close();
    expect(terminal.screen.text()).toContain('plain lines from here on');
    expect(terminal.screen.text()).toContain('m1  etcd  restart etcd.service (2.3 s)');
  });

  test('in the middle, between two events', async () => {
    const terminal = onTerminal(100, 24);
    terminal.tell(started('m1'));
    await terminal.shows(['* Run etcd  0 s', '  › m1']);
    const asked = terminal.confuse();
    await asked;
    terminal.tell(
      { type: 'gate.waiting', phase: 'etcd', host: 'm1', waitingFor: 'etcd is healthy' },
      { type: 'gate.passed', phase: 'etcd', host: 'm1', title: 'etcd is healthy', milliseconds: 100 },
    );
    await terminal.reporter.close();
    expect(terminal.screen.text().match(/plain lines from here on/g)).toHaveLength(1);
    expect(terminal.screen.text()).toMatch(
      /m1 {2}etcd {2}waiting until etcd is healthy\nm1 {2}etcd {2}ready after 0.1 s$/,
    );
  });
});

test('auto draws only for a terminal with a size, outside CI', async () => {
  const drawn = async (
    env: Record<string, string>,
    columns = 80,
    more: Partial<ReporterOptions> = {},
  ): Promise<boolean> => {
    const terminal = onTerminal(columns, 24, { env, ...more });
    terminal.tell(...aRun());
    await terminal.reporter.close();
    return terminal.sent().includes('\u001b[?25l');
  };
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
