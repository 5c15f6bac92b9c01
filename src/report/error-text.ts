import { inspect } from 'node:util';
import type { BootstrapError, Where } from '../kernel/errors.ts';
import { oneLine, safeLines } from './text.ts';
import type { Paint } from './text.ts';

/** An error as plain data: what `--json` and the log file carry, and what the text is made of. */
export interface ErrorReport {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  readonly where: Where;
  readonly problems: readonly ProblemReport[];
  /** Messages of the nested causes, outermost first. */
  readonly causes: readonly string[];
  /** Only for a bug (`E_BUG`). */
  readonly stack?: string;
}

/** One of several things wrong with a file; errors carry them as `problems`. */
export interface ProblemReport {
  readonly path: string;
  readonly message: string;
  readonly hint?: string;
  readonly where: Where;
}

const MAX_CAUSES = 5;
const REPORT_BUG = 'This is a bug in k8s-bootstrap. Please report it with the log file.';

export function describeError(error: BootstrapError): ErrorReport {
  const isBug = error.code === 'E_BUG';
  const hint = error.hint ?? (isBug ? REPORT_BUG : undefined);
  const stack = isBug ? stackOf(error) : undefined;
  return {
    code: error.code,
    message: error.message,
    ...(hint !== undefined && { hint }),
    where: error.where,
    problems: problemsOf(error),
    causes: causesOf(error),
    ...(stack !== undefined && { stack }),
  };
}

/** The error as lines for a person, ending in a line break. */
export function errorText(report: ErrorReport, paint: Paint): string {
  const { code, problems, where, causes, hint, stack } = report;
  const [first = '', ...rest] = safeLines(
    problems.length === 0
      ? report.message
      : `${problems.length === 1 ? 'a problem' : `${problems.length} problems`} found`,
  );
  const place = problems.length === 0 ? placeOf(where) : '';
  const lines = [
    `${paint('red', `error ${oneLine(code)}:`)} ${first}`,
    ...rest.map((line) => `  ${line}`),
    ...(place === '' ? [] : [`  where: ${place}`]),
    ...problems.flatMap((problem) => problemLines(problem, paint)),
    ...causes.map((cause) => `  caused by: ${oneLine(cause)}`),
    ...hintLines(hint, '  ', paint),
    ...(stack === undefined ? [] : safeLines(stack).map((line) => paint('dim', `  ${line}`))),
  ];
  return `${lines.join('\n')}\n`;
}

/** `inventory.yaml:7:5`, or `host m1, phase etcd, file:/etc/…`; empty when nothing is known. */
export function placeOf({ file, line, column, host, phase, resource }: Where): string {
  const inFile =
    file === undefined ? [] : [[file, line, column].filter((part) => part !== undefined).join(':')];
  const inRun = [host && `host ${host}`, phase && `phase ${phase}`, resource].filter(Boolean);
  return oneLine([...inFile, ...inRun].join(', '));
}

function problemLines({ path, message, hint, where }: ProblemReport, paint: Paint): string[] {
  const [first = '', ...rest] = safeLines(path === '' ? message : `${path}: ${message}`);
  return [
    `  ${paint('bold', placeOf(where))}  ${first}`,
    ...rest.map((line) => `      ${line}`),
    ...hintLines(hint, '      ', paint),
  ];
}

/** `hint: …`, further lines aligned below it. */
export function hintLines(hint: string | undefined, indent: string, paint: Paint): string[] {
  if (hint === undefined) return [];
  return safeLines(hint).map(
    (line, index) => `${indent}${index === 0 ? paint('cyan', 'hint:') : '     '} ${line}`,
  );
}

function causesOf(error: BootstrapError): string[] {
  const causes: string[] = [];
  // A bug's own message is that of what was thrown, so its first cause would only repeat it.
  for (let cause = error.cause; cause !== undefined && causes.length < MAX_CAUSES;) {
    const message = causeText(cause) ?? (error.code === 'E_BUG' ? inspect(cause) : undefined);
    if (message !== undefined && message !== error.message) causes.push(message);
    cause = cause instanceof Error && cause.cause !== cause ? cause.cause : undefined;
  }
  return causes;
}

/** Other causes than errors and words are data for the program (a host key that was seen). */
const causeText = (cause: unknown): string | undefined =>
  cause instanceof Error ? cause.message : typeof cause === 'string' ? cause : undefined;

const stackOf = (error: Error): string | undefined =>
  error.cause instanceof Error ? (error.cause.stack ?? error.stack) : error.stack;

/** Structural, because the layer that finds such problems is not this one's to import. */
function problemsOf(error: BootstrapError): readonly ProblemReport[] {
  const { problems } = error as { problems?: unknown };
  return Array.isArray(problems) ? (problems as ProblemReport[]) : [];
}
