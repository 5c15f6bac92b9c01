import { quotable, readable } from '../../kernel/quotable.ts';
import { nfsErrors } from '../../release/nfs-errors.ts';

/** Why a step failed: by a name that scripts can compare, in words, and what to do about it; `{host}` and the like stand for themselves. */
export interface Cause {
  readonly cause: string;
  readonly says: string;
  readonly remedy: string;
}

/** What a step of a check left: exit code (124: the time was up), duration, and what was said on both outputs. */
export interface StepResult {
  readonly code: number;
  readonly ms: number;
  readonly said: string;
}

/** What is put into the words of a cause: `host`, `server`, `path`, `port`, … */
export type Words = Readonly<Record<string, string>>;

/** `{host}` and the like replaced. */
export const inWords = (text: string, words: Words): string =>
  text.replaceAll(/\{(\w+)\}/g, (all, word: string) => words[word] ?? all);

/** The cause that `release/nfs-errors.yaml` knows for what a step said; else its own last words. */
export function causeOf(step: string, { code, said }: Pick<StepResult, 'code' | 'said'>): Cause {
  const stopped = isTimeUp(code);
  const text = readable(said);
  const known = nfsErrors().find(
    (row) =>
      (row.step === undefined || row.step === step || step.startsWith(`${row.step}-`)) &&
      (row.pattern === undefined || new RegExp(row.pattern, 'i').test(text)) &&
      (row.timedOut !== true || stopped),
  );
  const last = quotable(text.trim().split('\n').at(-1) ?? '');
  const unknown = {
    cause: 'unknown',
    says: last === '' ? `${step} ended with code ${code}` : `${step}: ${last}`,
    remedy: 'journalctl -b and dmesg on {host} and on {server} say more.',
  };
  const { cause, says, remedy } = known ?? unknown;
  return { cause, says, remedy };
}

/** `timeout` ends with 124, or with 137 when it had to use SIGKILL. */
export const isTimeUp = (code: number): boolean => code === 124 || code === 137;
