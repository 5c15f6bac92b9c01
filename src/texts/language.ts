export const LANGUAGES = ['en', 'zh'] as const;
/** What texts that teach are written in. */
export type Language = (typeof LANGUAGES)[number];

/**
 * The language that was asked for, else that of the locale, in the order in which POSIX reads it; English by default.
 * A locale of another encoding than UTF-8 is none that Chinese could be shown in.
 */
export function languageOf(
  asked: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): Language {
  const named = LANGUAGES.find((language) => language === asked);
  if (named !== undefined) return named;
  const locale = [env['LC_ALL'], env['LC_MESSAGES'], env['LANG']].find(
    (value) => value !== undefined && value !== '',
  );
  return /^zh(?:[_-][A-Za-z]+)*(?:\.utf-?8)?(?:@\w+)?$/i.test(locale ?? '') ? 'zh' : 'en';
}
