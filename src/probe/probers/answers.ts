import type { Answer, Watch } from '../observe.ts';

type AnswerWatch = Extract<Watch, { kind: 'answer' }>;

/** Slow questions start before all others, side by side; what they say is collected at the end. */
export const background = (watches: readonly AnswerWatch[]): [string, string][] =>
  slow(watches).map((watch, index) => [`slow.${index}`, `{ ${body(watch)}; }`]);

/** Frames of the quick questions, asked in place. */
export const sections = (watches: readonly AnswerWatch[]): [string, string][] =>
  quick(watches).map((watch, index) => [`quick.${index}`, body(watch)]);

const slow = (watches: readonly AnswerWatch[]): AnswerWatch[] =>
  watches.filter((watch) => watch.slow === true);
const quick = (watches: readonly AnswerWatch[]): AnswerWatch[] =>
  watches.filter((watch) => watch.slow !== true);

/**
 * In the shell of all others, since one of its own would be a fork; but one that could leave gets that fork, or it would
 * end the whole look. A missing code (the time was up) reads as 124, as timeout(1) says it.
 */
const body = ({ script }: AnswerWatch): string => {
  const asked = LEAVES.test(script) ? `(${script}\n)` : `{ ${script}\n}`;
  return `${asked} 2>&1; printf '\ncode %d' $?`;
};

/** Anywhere: in what is quoted, or in a comment, it costs a fork and no more. */
const LEAVES = /\b(?:exit|return|exec)\b/;

export function parse(watches: readonly AnswerWatch[], frame: (name: string) => Buffer): Map<string, Answer> {
  const read = (name: string, watch: AnswerWatch): [string, Answer] => {
    // No word of a shell holds a NUL, and no text that is compared has a use for it.
    const text = frame(name).toString('utf8').replaceAll('\0', '').trimEnd();
    const [, output = text, code = '124'] = /^([\s\S]*)\ncode (\d+)$/.exec(`\n${text}`) ?? [];
    return [watch.key, { code: Number(code), output: output.trim() }];
  };
  return new Map([
    ...quick(watches).map((watch, index) => read(`quick.${index}`, watch)),
    ...slow(watches).map((watch, index) => read(`slow.${index}`, watch)),
  ]);
}
