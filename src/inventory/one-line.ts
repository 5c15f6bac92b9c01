import { own } from '../kernel/mapping.ts';
import type { Complaint } from './issues.ts';
import type { Path } from './problem.ts';
import { envVariable, type Surroundings } from './schema/fields.ts';

/**
 * Every text of an inventory, keys and what `${env:NAME}` stands for included, is one line of characters that can be
 * shown: it may end up in a unit, a file of lines or a script. No field may span lines, so there is no exception.
 */
export function unfitTexts(value: unknown, { env }: Pick<Surroundings, 'env'>, path: Path = []): Complaint[] {
  if (typeof value === 'string') {
    const variable = envVariable(value);
    const found = problemOf(variable === undefined ? value : (own(env, variable) ?? ''));
    const whose = variable === undefined ? '' : `the environment variable ${variable} `;
    return found === undefined ? [] : [{ path, ...found, message: `${whose}${found.message}` }];
  }
  if (Array.isArray(value))
    return value.flatMap((item, index) => unfitTexts(item, { env }, [...path, index]));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => {
    const found = problemOf(key);
    return [
      ...(found === undefined ? [] : [{ path: [...path, key], ...found, atKey: true }]),
      ...unfitTexts(item, { env }, [...path, key]),
    ];
  });
}

/** The text itself is not told: it may be a password. */
function problemOf(text: string): Pick<Complaint, 'message' | 'hint'> | undefined {
  const found = UNFIT.exec(text);
  if (found === null) return undefined;
  const [character] = found;
  const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  const isBreak = LINE_BREAK.test(character);
  return {
    message: `holds ${isBreak ? 'a line break' : 'a control character'} (U+${code}) as character ${found.index + 1}`,
    hint: isBreak
      ? 'Write it in one line; several values are items of a list. A block after | ends with a line break.'
      : 'Leave it out: a text holds characters that can be shown.',
  };
}

const UNFIT = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u;
const LINE_BREAK = /[\n\v\f\r\u0085\u2028\u2029]/;
