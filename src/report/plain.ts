import { endingText } from './ending-text.ts';
import { shownOn } from './fitted.ts';
import { type ErrorReport, errorText, hintLines } from './error-text.ts';
import type { History } from './history.ts';
import type { PrintableEvent } from './printable.ts';
import { written } from './streams.ts';
import { byteSize, count, duration, oneLine, painterFor, safeLines } from './text.ts';
import type { Environment, OutputStream, Paint } from './text.ts';
import { resultText } from './view.ts';
import type { View } from './view.ts';

export interface TextViewOptions {
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly env: Environment;
  readonly verbose: boolean;
  /** Filled by the reporter before each event is shown. */
  readonly history: History;
}

/** Lines for pipes and CI logs: one per finished step, gate and failure on stderr; results on stdout. */
export function createPlainView({ stdout, stderr, env, verbose, history }: TextViewOptions): View {
  const result = { paint: painterFor(stdout, env), verbose };
  const progress = { paint: painterFor(stderr, env), verbose, history };
  const flush = (): Promise<void> => written(stdout, stderr);
  return {
    show(event) {
      const text = resultText(event, history, result);
      if (text !== undefined) stdout.write(shownOn(stdout, event, text));
      else stderr.write(shownOn(stderr, event, progressText(event, progress)));
    },
    flush,
    close: flush,
  };
}

export interface ProgressOptions {
  readonly paint: Paint;
  readonly verbose: boolean;
  readonly history: History;
}

/** An event as lines, each ending in a line break; empty when it is not worth one. */
export function progressText(event: PrintableEvent, { paint, verbose, history }: ProgressOptions): string {
  const columns = (host: string, ...rest: string[]): string => {
    const width = Math.max(0, ...history.hosts.map((name) => name.length));
    return `${[host.padEnd(width), ...rest].map(oneLine).join('  ')}\n`;
  };
  const detail = (text: string): string => (verbose ? text : '');
  switch (event.type) {
    case 'run.started':
      return detail(oneLine(`${event.command} ${event.cluster}: ${event.hosts.join(', ')}`) + '\n');
    case 'host.connecting':
      return event.attempt > 1
        ? columns(event.host, `connecting again (attempt ${event.attempt})`)
        : detail(columns(event.host, 'connecting'));
    case 'host.connected':
      return detail(columns(event.host, 'connected'));
    case 'host.probed':
      return detail(columns(event.host, `looked at in ${duration(event.milliseconds)}`));
    case 'host.failed':
      // Whoever interrupted the run knows why; the run itself says so once.
      return event.error.code === 'E_ABORTED'
        ? columns(event.host, event.error.message)
        : failureText(event, history, paint);
    case 'run.failed':
      return endingText(event.error, history, paint);
    case 'preflight':
      return preflightText(event, { paint, verbose, history });
    case 'download':
      return arrived(event) ? columns('download', event.artifact, byteSize(event.total)) : '';
    case 'upload':
      return arrived(event) ? detail(columns(event.host, 'upload', byteSize(event.total))) : '';
    case 'phase.started':
      return (
        paint('bold', oneLine(`${event.phase}: ${event.title} (${count(event.hosts.length, 'host')})`)) + '\n'
      );
    case 'step.started':
      return detail(columns(event.host, event.phase, `${event.step} …`));
    case 'step.done':
      return columns(event.host, event.phase, `${event.step}${ifLong(event.milliseconds)}`);
    case 'gate.waiting':
      return columns(event.host, event.phase, `waiting until ${event.waitingFor}`);
    case 'gate.passed':
      return columns(event.host, event.phase, `ready after ${duration(event.milliseconds)}`);
    case 'phase.done':
      return phaseEnd(event, paint);
    case 'note':
      return noteText(event, paint);
    case 'host.planned':
    case 'plan.ready':
    case 'procedure.planned':
    case 'result':
    case 'summary':
      return ''; // on stdout
  }
}

type Of<T extends PrintableEvent['type']> = Extract<PrintableEvent, { type: T }>;

/** The error with the host and phase it happened in, wherever it came from; what several hosts end with is told once. */
function failureText({ host, phase, error }: Of<'host.failed'>, history: History, paint: Paint): string {
  const first = history.failures.find((failure) => sameCause(failure.error, error));
  if (first && first.host !== host) {
    return `${paint('red', `error ${oneLine(error.code)}:`)} ${oneLine(`${host}: the same as of ${first.host}`)}\n`;
  }
  const where = { host, ...(phase !== undefined && { phase }), ...error.where };
  return errorText({ ...error, where }, paint);
}

/** `where` aside: through a jump host, it names that one for all behind it. */
const sameCause = (one: ErrorReport, other: ErrorReport): boolean =>
  one.code === other.code &&
  one.message === other.message &&
  one.hint === other.hint &&
  String(one.causes) === String(other.causes);

function preflightText(event: Of<'preflight'>, { paint, verbose }: ProgressOptions): string {
  const { level, host, check, message, hint } = event;
  if (level === 'fixed-by-up' && !verbose) return '';
  const label = { error: paint('red', 'error'), warn: paint('yellow', 'warning'), 'fixed-by-up': 'up fixes' }[
    level
  ];
  const [first = '', ...rest] = safeLines(message);
  return [
    `${oneLine(host)}  ${label} ${oneLine(check)}: ${first}`,
    ...rest.map((line) => `  ${line}`),
    ...hintLines(hint, '  ', paint),
  ]
    .join('\n')
    .concat('\n');
}

function noteText({ level, host, message }: Of<'note'>, paint: Paint): string {
  const [first = '', ...rest] = safeLines(message);
  const label = level === 'warn' ? `${paint('yellow', 'warning:')} ` : '';
  const place = host === undefined ? '' : `${oneLine(host)}  `;
  return [`${place}${label}${first}`, ...rest.map((line) => `  ${line}`)].join('\n').concat('\n');
}

function phaseEnd({ phase, failed, milliseconds }: Of<'phase.done'>, paint: Paint): string {
  const time = duration(milliseconds);
  return failed.length === 0
    ? oneLine(`${phase}: done in ${time}`) + '\n'
    : paint('red', oneLine(`${phase}: failed on ${failed.join(', ')} after ${time}`)) + '\n';
}

const arrived = ({ bytes, total }: { bytes: number; total: number }): boolean => total > 0 && bytes >= total;

const ifLong = (milliseconds: number): string => (milliseconds < 1000 ? '' : ` (${duration(milliseconds)})`);
