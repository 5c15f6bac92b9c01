import { type ExportOption, exportOptions } from '../../templates/export-options.ts';
import { didYouMean } from '../suggest.ts';

/** The option that a word stands for: `anonuid=65534` is `anonuid`. */
export const optionOf = (word: string): ExportOption | undefined =>
  exportOptions().find(({ name }) => name === nameOf(word));

/** What is wrong with a single word, or nothing. */
export function wordProblem(word: string): string | undefined {
  const option = optionOf(word);
  if (!option) {
    const names = exportOptions().map(({ name }) => name);
    return `no option "${word}"${didYouMean(nameOf(word), names)}`;
  }
  const { name, value, bare } = option;
  const given = word.includes('=') ? word.slice(word.indexOf('=') + 1) : undefined;
  if (value === undefined) return given === undefined ? undefined : `"${word}": ${name} takes no value`;
  if (given === undefined) return bare ? undefined : `"${word}" lacks a value: ${name}=…`;
  return new RegExp(`^(?:${value})$`).test(given) ? undefined : `"${word}": ${given} is no value of ${name}`;
}

/** Two words that cannot hold together, or nothing; words that are unknown are passed over. */
export function contradiction(words: readonly string[]): readonly [string, string] | undefined {
  for (const [index, word] of words.entries()) {
    const option = optionOf(word);
    const other = words
      .slice(0, index)
      .find((before) => before !== word && option && opposed(option, optionOf(before)));
    if (other !== undefined) return [other, word];
  }
  return undefined;
}

const opposed = (a: ExportOption, b: ExportOption | undefined): boolean =>
  b !== undefined && (a.set === b.set || a.against.includes(b.name) || b.against.includes(a.name));

/** The words given and, of sets of which none is given, the default; each once, in the one order. */
export function completed(words: readonly string[]): string[] {
  const given = words.map(optionOf);
  const defaults = exportOptions().filter(
    (option) => option.default && !given.some((other) => other && opposed(option, other)),
  );
  const all = [...new Set([...words, ...defaults.map(({ name }) => name)])];
  return all.sort((a, b) => rank(a) - rank(b));
}

const rank = (word: string): number => {
  const at = exportOptions().findIndex(({ name }) => name === nameOf(word));
  return at < 0 ? exportOptions().length : at;
};

const nameOf = (word: string): string => word.split('=')[0] ?? word;
