import type { Language } from './language.ts';
import { type Both, chineseFlags, chinesePhases, fileTexts, words } from './texts.ts';

/** What a file on a host is for; `undefined` when nobody wrote that down. */
export function fileText(path: string, phase: string): Both | undefined {
  return fileTexts().find((row) => (row.phase === undefined || row.phase === phase) && fits(row.path, path));
}

/** `*` alone is any path. */
const fits = (pattern: string, path: string): boolean =>
  pattern === '*' ||
  new RegExp(
    `^${pattern
      .split('*')
      .map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&'))
      .join('[^/]*')}$`,
  ).test(path);

/** What a flag is for. `english` is the sentence of `release/flags/`, which stands in for one that is missing. */
export const flagText = (
  language: Language,
  { minor, component, flag }: { readonly minor: string; readonly component: string; readonly flag: string },
  english: string | undefined,
): string | undefined =>
  language === 'zh' && english !== undefined ? (chineseFlags(minor, component)[flag] ?? english) : english;

/** The title of a phase. */
export const phaseTitle = (language: Language, id: string, english: string): string =>
  language === 'zh' ? (chinesePhases()[id] ?? english) : english;

/** One of the words that `explain` uses, with its `{names}` filled in. */
export const word = (
  language: Language,
  name: string,
  values: Readonly<Record<string, string>> = {},
): string =>
  (words()[name]?.[language] ?? name).replaceAll(/\{(\w+)\}/g, (_, key: string) => values[key] ?? '');
