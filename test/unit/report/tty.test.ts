import { stripVTControlCharacters } from 'node:util';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { aRun, rig } from './support.ts';
import type { Rig, Untimed } from './support.ts';

afterEach(() => {
  vi.doUnmock('listr2');
  vi.restoreAllMocks();
});

/** Lets the drawing happen between events, as it does in a real run. */
async function play({ tell, reporter }: Rig, events: readonly Untimed[]): Promise<void> {
  for (const event of events) {
    tell(event);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  await reporter.close();
}

const onScreen = ({ stderr }: Rig): string => stripVTControlCharacters(stderr.text());

describe('a terminal', () => {
  test('shows all hosts, the step, the failure and its hint, and lets go of the cursor', async () => {
    const stolen = vi.spyOn(process.stdout, 'write');
    const terminal = rig({ format: 'tty', terminal: { columns: 100 } });
    await play(terminal, aRun());
    const text = onScreen(terminal);
    for (const shown of [
      'Looking at 3 hosts',
      'm1',
      'w1',
      'w2',
      'Downloading',
      '[##------------------]   8 %  1.0 MB of 11.4 MB',
      'upload [##########----------]  50 %',
      'write /etc/systemd/system/etcd.service',
      'waiting for etcd to be healthy',
      'w1  E_STEP systemctl restart etcd.service ended with code 1',
      'Run etcd (1 min 5 s)',
      'hint: Look at the journal',
      'warning: certificates expire',
    ]) {
      expect(text).toContain(shown);
    }
    expect(terminal.stderr.text().lastIndexOf('\u001b[?25h')).toBeGreaterThan(
      terminal.stderr.text().lastIndexOf('\u001b[?25l'),
    );
    expect(terminal.stdout.text()).toContain('Expected interruption');
    expect(terminal.stdout.text()).toContain('HOST');
    expect(stolen).not.toHaveBeenCalled();
  });

  test('all events at once end as well', async () => {
    const terminal = rig({ format: 'tty', terminal: { columns: 100 } });
    terminal.tell(...aRun());
    await terminal.reporter.close();
    expect(onScreen(terminal)).toContain('Run etcd');
  });

  test('every host failing ends as well', async () => {
    const terminal = rig({ format: 'tty', terminal: { columns: 100 } });
    const failure = aRun().find(({ type }) => type === 'host.failed') as Extract<
      Untimed,
      { type: 'host.failed' }
    >;
    await play(terminal, [
      { type: 'phase.started', phase: 'etcd', title: 'Run etcd', hosts: ['m1', 'w1'] },
      { ...failure, host: 'm1' },
      { ...failure, host: 'w1' },
      { type: 'step.started', phase: 'etcd', host: 'm1', step: 'too late' },
      { type: 'phase.done', phase: 'etcd', milliseconds: 1, failed: ['m1', 'w1'] },
    ]);
    expect(onScreen(terminal)).toMatch(/✖ m1 {2}E_STEP[^]*✖ w1 {2}E_STEP/);
  });

  test('a run cut short is not drawn as done', async () => {
    const terminal = rig({ format: 'tty', terminal: { columns: 100 } });
    await play(terminal, [{ type: 'phase.started', phase: 'etcd', title: 'Run etcd', hosts: ['m1', 'w1'] }]);
    expect(onScreen(terminal)).toContain('Run etcd (stopped)');
    expect(onScreen(terminal)).not.toContain('✔ Run etcd');
  });

  test.each([16, 20])(
    'after flush (%i events) nothing draws, so that a question can be asked',
    async (events) => {
      const terminal = rig({ format: 'tty', terminal: { columns: 100 } });
      terminal.tell(...aRun().slice(0, events));
      await terminal.reporter.flush();
      expect(terminal.stdout.text()).toContain('Expected interruption');
      const before = terminal.stderr.text();
      await new Promise((resolve) => setTimeout(resolve, 250));
      expect(terminal.stderr.text()).toBe(before);
      await terminal.reporter.close();
    },
  );

  test.each([20, 40])('%i columns: no line is longer than the terminal', async (columns) => {
    const terminal = rig({ format: 'tty', terminal: { columns } });
    await play(
      terminal,
      aRun().filter(({ type }) => !['host.failed', 'preflight', 'note', 'summary'].includes(type)),
    );
    const longest = Math.max(
      ...onScreen(terminal)
        .split('\n')
        .map((line) => line.length),
    );
    expect(longest).toBeLessThanOrEqual(columns);
  });

  test('more hosts than lines: the step goes behind the name', async () => {
    const hosts = Array.from({ length: 15 }, (_, index) => `w${index}`);
    const terminal = rig({ format: 'tty', terminal: { columns: 80, rows: 24 } });
    await play(terminal, [
      { type: 'phase.started', phase: 'os', title: 'OS', hosts },
      { type: 'step.started', phase: 'os', host: 'w14', step: 'load br_netfilter' },
    ]);
    expect(onScreen(terminal)).toContain('w14  load br_netfilter');
  });

  test('colour as the environment given says; NO_COLOR leaves only cursor movements', async () => {
    const drawn = async (env: Record<string, string>): Promise<string> => {
      const terminal = rig({ format: 'tty', terminal: { columns: 100 }, env });
      await play(terminal, aRun());
      return terminal.stderr.text();
    };
    expect(await drawn({})).toContain('\u001b[32m✔\u001b[39m Looking at 3 hosts');
    // eslint-disable-next-line no-control-regex -- that is what is looked for
    expect(await drawn({ NO_COLOR: '1' })).not.toMatch(/\u001b\[[\d;]*m/);
  });

  test('when drawing fails, plain lines take over', async () => {
    vi.doMock('listr2', () => {
      throw new TypeError('no such terminal');
    });
    const terminal = rig({ format: 'tty', terminal: { columns: 100 } });
    await play(terminal, aRun());
    expect(onScreen(terminal)).toContain('plain lines from here on');
    expect(onScreen(terminal)).toContain('m1  etcd  restart etcd.service (2.3 s)');
  });
});

describe('auto', () => {
  const drawn = async (env: Record<string, string>, terminal?: { columns: number }): Promise<boolean> => {
    const one = rig({ format: 'auto', env, ...(terminal && { terminal }) });
    await play(one, aRun());
    return one.stderr.text().includes('\u001b[?25l');
  };

  test('draws only for a terminal with a size, outside CI', async () => {
    expect(await drawn({}, { columns: 80 })).toBe(true);
    expect(await drawn({})).toBe(false);
    expect(await drawn({}, { columns: 0 })).toBe(false);
    expect(await drawn({ CI: 'true' }, { columns: 80 })).toBe(false);
    expect(await drawn({ TERM: 'dumb' }, { columns: 80 })).toBe(false);
  });
});
