import type { Secret } from '../kernel/secret.ts';
import type { RunEvent } from '../run/events.ts';
import { emptyHistory, remember } from './history.ts';
import { createJsonView } from './json.ts';
import type { LogFile } from './log-file.ts';
import { createPlainView } from './plain.ts';
import type { TextViewOptions } from './plain.ts';
import { printable } from './printable.ts';
import type { PrintableEvent } from './printable.ts';
import { noPaint, oneLine } from './text.ts';
import type { Environment, OutputStream } from './text.ts';
import { createTtyView } from './tty.ts';
import { resultText } from './view.ts';
import type { View } from './view.ts';

/** Shows a run. The only thing in the program that writes to stdout and stderr. */
export interface Reporter {
  emit(event: RunEvent): void;
  /** Resolves when everything emitted so far is on the streams and the terminal is free, to ask a question. */
  flush(): Promise<void>;
  /** Ends the view and the log file; nothing may be emitted afterwards. */
  close(): Promise<void>;
}

export interface ReporterOptions {
  /** `auto` draws when stderr is a terminal that can, outside CI, and prints plain lines otherwise. */
  readonly format: 'auto' | 'plain' | 'tty' | 'json';
  /** Results: plan, summary, answers, or all events as NDJSON. */
  readonly stdout: OutputStream;
  /** Progress and errors. */
  readonly stderr: OutputStream;
  readonly env: Environment;
  readonly logFile?: LogFile;
  /** Read at each event, so secrets made during the run may be added to the set. */
  readonly secrets: ReadonlySet<Secret>;
  readonly verbose: boolean;
}

export function createReporter(options: ReporterOptions): Reporter {
  const { secrets, logFile, stderr } = options;
  const history = emptyHistory(options.verbose);
  const view = createView({ ...options, history }, options.format);
  const isNews = createProgressFilter();
  let summary: PrintableEvent | undefined;

  function tell(shown: PrintableEvent): void {
    if (logFile) {
      logFile.append(shown);
      const text = resultText(shown, history, { paint: noPaint, verbose: true }) ?? '';
      for (const line of text.split('\n').slice(0, -1)) logFile.append({ type: 'text', text: line });
    }
    view.show(shown);
  }

  return {
    emit(event) {
      if (!isNews(event)) return;
      const shown = printable(event, secrets);
      remember(history, shown);
      // It is held back, so that it comes last: after the error that ended the run.
      if (shown.type === 'summary') summary = shown;
      else tell(shown);
    },
    flush: () => view.flush(),
    async close() {
      if (summary !== undefined) tell(summary);
      await view.close();
      if (logFile?.problem !== undefined) {
        stderr.write(
          `${oneLine(`warning: the log file ${logFile.path} is incomplete: ${logFile.problem}`)}\n`,
        );
      }
      logFile?.close();
    },
  };
}

const MIN_COLUMNS = 20;

function createView(options: TextViewOptions, format: ReporterOptions['format']): View {
  const { stdout, stderr, env } = options;
  // A terminal that nobody gave a size says 0 columns.
  const wide = (stderr.columns ?? 0) >= MIN_COLUMNS;
  const canDraw = stderr.isTTY === true && wide && env['TERM'] !== 'dumb' && !env['CI'];
  switch (format) {
    case 'json':
      return createJsonView(stdout);
    case 'tty':
      return createTtyView(options);
    case 'plain':
      return createPlainView(options);
    case 'auto':
      return canDraw ? createTtyView(options) : createPlainView(options);
  }
}

/** Transfers tell of every chunk; views and logs hear of every whole percent. */
function createProgressFilter(): (event: RunEvent) => boolean {
  const last = new Map<string, string>();
  return (event) => {
    if (event.type !== 'download' && event.type !== 'upload') return true;
    const key = `${event.type} ${event.type === 'download' ? event.artifact : event.host}`;
    const part =
      event.total > 0 ? Math.floor((event.bytes / event.total) * 100) : Math.floor(event.bytes / 1e6);
    const step = `${part}/${event.total}`;
    if (last.get(key) === step) return false;
    last.set(key, step);
    return true;
  };
}
