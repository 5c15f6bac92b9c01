import { BootstrapError } from '../kernel/errors.ts';
import { knownErrors } from '../release/known-errors.ts';
import type { Language } from './language.ts';
import { chineseHints } from './texts.ts';

/** An error whose hint is that of a known one, with the hint in another language; any other as it is. */
export function inLanguage(language: Language, error: BootstrapError): BootstrapError {
  if (language === 'en') return error;
  // Not by the error's own code: what a gate waited for in vain keeps its code, and gets the hint of the journal.
  const known = knownErrors().find((row) => row.hint === error.hint);
  const hint = known && chineseHints()[known.code];
  if (hint === undefined) return error;
  const { cause, where, exitCode } = error;
  return new BootstrapError(error.code, error.message, { hint, cause, where, exitCode });
}
