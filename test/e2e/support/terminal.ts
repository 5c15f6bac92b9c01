import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { quote } from '../../../src/kernel/quote.ts';
import { command } from './lab.ts';
import { type Event, type Result, inventoryFile, repositoryRoot, resultOf, workFolder } from './product.ts';

/** A terminal with the product in it: tmux keeps its screen, as a person sees it. */
export interface Terminal {
  /** Waits until the screen shows it, and returns the screen. */
  until(shown: RegExp): Promise<string>;
  resize(columns: number, rows: number): Promise<void>;
  press(key: string): Promise<void>;
  /** Waits for the program's end. */
  end(): Promise<EndedTerminal>;
  close(): Promise<void>;
}

export interface EndedTerminal {
  readonly code: number;
  /** The last screen and all that scrolled out of it; long lines are one. */
  readonly text: string;
  /** The same with its colours. */
  readonly painted: string;
  /** Every screen that was looked at, in their order. */
  readonly screens: readonly string[];
}

export interface TerminalOptions {
  readonly columns?: number;
  readonly rows?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** What follows the command in the shell, such as a redirection. */
  readonly behind?: string;
}

/** Starts the product with these words on a terminal, 80x24 unless told. */
export async function onTerminal(words: readonly string[], options: TerminalOptions = {}): Promise<Terminal> {
  const { columns = 80, rows = 24, env = {}, behind = '' } = options;
  const folder = mkdtempSync(join(tmpdir(), 'k8s-bootstrap-terminal-'));
  const tmux = async (...args: readonly string[]): Promise<string> => {
    const output = await command('tmux', ['-u', '-f', '/dev/null', '-S', join(folder, 'socket'), ...args]);
    if (output.code !== 0) throw new Error(`tmux ${args.join(' ')}: ${output.stderr}`);
    return output.stdout;
  };
  const settings = { PATH: process.env['PATH'] ?? '', HOME: workFolder, LC_ALL: 'C.UTF-8', ...env };
  const set = Object.entries(settings).map(([name, value]) => `${name}=${quote(value)}`);
  const line = ['node', join(repositoryRoot, 'bin/k8s-bootstrap'), ...words].map(quote).join(' ');
  // tmux may miss the end of its child, and then never knows how it ended.
  const ended = join(folder, 'ended');
  const shell = `cd ${quote(workFolder)} && env -i TERM="$TERM" ${set.join(' ')} ${line} ${behind}; echo $? > ${quote(ended)}`;
  const window = ['-d', '-s', 'one', '-x', String(columns), '-y', String(rows)];
  // The screen must outlive the program, and hold all of a long run.
  const keep = [
    'set-option',
    '-g',
    'remain-on-exit',
    'on',
    ';',
    'set-option',
    '-g',
    'history-limit',
    '20000',
    ';',
    // Ctrl-C reaches it as well; bash goes on when the program has ended in its own way.
    'set-option',
    '-g',
    'default-shell',
    '/bin/bash',
  ];
  await tmux(...keep, ';', 'new-session', ...window, shell);

  const screens: string[] = [];
  const screen = async (): Promise<string> => {
    const text = await tmux('capture-pane', '-p', '-t', 'one');
    if (text !== screens.at(-1)) screens.push(text);
    return text;
  };
  const codeOf = (): number | undefined => {
    const text = existsSync(ended) ? readFileSync(ended, 'utf8') : '';
    return text === '' ? undefined : Number(text);
  };
  const watch = async <T>(look: () => Promise<T | undefined>, seconds: number): Promise<T> => {
    const until = Date.now() + seconds * 1000;
    for (;;) {
      await screen();
      const found = await look();
      if (found !== undefined) return found;
      if (Date.now() > until) throw new Error(`the terminal shows after ${seconds} s\n${await screen()}`);
      await sleep(100);
    }
  };
  return {
    until: (shown) =>
      watch(async () => {
        const text = await screen();
        if (shown.test(text)) return text;
        if (codeOf() !== undefined) throw new Error(`the program has ended\n${text}`);
        return undefined;
      }, 60),
    async resize(wide, high) {
      await tmux('resize-window', '-t', 'one', '-x', String(wide), '-y', String(high));
    },
    async press(key) {
      await tmux('send-keys', '-t', 'one', key);
    },
    async end() {
      const code = await watch(() => Promise.resolve(codeOf()), 280);
      await sleep(300); // what it said last is on its way to the screen
      const all = (...how: readonly string[]): Promise<string> =>
        tmux('capture-pane', '-p', '-J', '-S', '-', '-t', 'one', ...how);
      const tidy = (text: string): string =>
        text
          .split('\n')
          .map((one) => one.trimEnd())
          .filter((one) => !one.startsWith('Pane is dead'))
          .join('\n')
          .trimEnd();
      return { code, text: tidy(await all()), painted: tidy(await all('-e')), screens };
    },
    async close() {
      await tmux('kill-server').catch(() => undefined);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Spinners, clocks and times differ from run to run. */
export const still = (text: string): string =>
  text
    .replaceAll(/[⠁-⣿]/gu, '*')
    .replaceAll(/\d+ min \d+ s|\d+(\.\d)? s\b/g, 'T s')
    .replaceAll(/^( {2}T s) +/gm, '$1  ');

/** What stays of the live view: a line for each phase. */
export const phaseLines = (text: string): string[] =>
  still(text)
    .split('\n')
    .filter((line) => /^[✔✖↓*] /.test(line));

/** `up` on a terminal, to its end; its events are those of its log file. */
export async function upOnTerminal(
  args: readonly string[],
  options: TerminalOptions = {},
): Promise<{ result: Result; terminal: EndedTerminal }> {
  const running = await onTerminal(['up', inventoryFile, ...args], options);
  try {
    const terminal = await running.end();
    const { log, events } = lastLog();
    return {
      terminal,
      result: resultOf({ code: terminal.code, stdout: log, stderr: terminal.text }, events),
    };
  } finally {
    await running.close();
  }
}

function lastLog(): { log: string; events: Event[] } {
  const folder = join(workFolder, '.k8s-bootstrap', 'logs');
  const log = readFileSync(join(folder, readdirSync(folder).sort().at(-1) ?? ''), 'utf8');
  const lines = log.split('\n').filter(Boolean);
  return {
    log,
    events: lines.map((line) => JSON.parse(line) as Event).filter(({ type }) => type !== 'text'),
  };
}
