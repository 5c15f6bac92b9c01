/** One command of a page of the course, and what a student sees after it. */
export interface Step {
  /** Where it is typed: on the student's own machine, or as root on a host. */
  readonly on: 'controller' | { readonly host: string };
  readonly command: string;
  /** Lines of the answer as the page shows them; none: it has to end well, whatever it says. */
  readonly shown: readonly string[];
}

const PROMPT = /^(?:\$|\[root@([\w-]+) ~\]#) (.*)$/;

/** The commands of all `console` blocks of a page, in order. A line that ends in a backslash goes on in the next. */
export function stepsOf(page: string): readonly Step[] {
  const blocks = [...page.matchAll(/^```console\n(.*?)^```$/gms)].map(([, text = '']) => text);
  return blocks.flatMap(stepsIn);
}

function stepsIn(block: string): readonly Step[] {
  const steps: { on: Step['on']; command: string; shown: string[] }[] = [];
  for (const line of block.replaceAll('\\\n', '').trimEnd().split('\n')) {
    const [, host, command] = PROMPT.exec(line) ?? [];
    if (command !== undefined)
      steps.push({ on: host === undefined ? 'controller' : { host }, command, shown: [] });
    else if (steps.length > 0) steps.at(-1)?.shown.push(line);
    else throw new Error(`a console block does not begin with a prompt: ${line}`);
  }
  return steps;
}

/**
 * Whether an answer is what the page shows: the same lines in the same order, where `…` stands for anything within a line,
 * a line of nothing else for any number of lines, and blanks for any number of blanks.
 */
export function looksLike(answer: string, shown: readonly string[]): boolean {
  const pattern = shown.map((line) => (line.trim() === '…' ? '(?:.*\\n)*?' : `${linePattern(line)}\\n`));
  const text = answer
    .split('\n')
    .map((line) => line.trim().replaceAll(/\s+/g, ' '))
    .join('\n');
  return new RegExp(`^${pattern.join('')}$`).test(`${text.trimEnd()}\n`);
}

const linePattern = (line: string): string =>
  line
    .trim()
    .split(/(…|\s+)/)
    .map((part) =>
      part === '…' ? '.*' : /^\s+$/.test(part) ? ' ' : part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'),
    )
    .join('');
