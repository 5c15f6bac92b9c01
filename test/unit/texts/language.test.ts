import { describe, expect, it } from 'vitest';
import { BootstrapError } from '../../../src/kernel/errors.ts';
import { knownErrors } from '../../../src/release/known-errors.ts';
import { inLanguage } from '../../../src/texts/hints.ts';
import { languageOf } from '../../../src/texts/language.ts';
import { chineseHints } from '../../../src/texts/texts.ts';

describe('the language', () => {
  it.each([
    [undefined, {}, 'en'],
    [undefined, { LANG: 'zh_CN.UTF-8' }, 'zh'],
    [undefined, { LANG: 'zh_CN' }, 'zh'],
    [undefined, { LANG: 'zh_Hans_CN.utf8' }, 'zh'],
    [undefined, { LANG: 'zh_CN.GB18030' }, 'en'],
    [undefined, { LANG: 'zhuang' }, 'en'],
    [undefined, { LANG: 'zh_CN.UTF-8', LC_ALL: 'C' }, 'en'],
    [undefined, { LANG: 'zh_CN.UTF-8', LC_ALL: '' }, 'zh'],
    [undefined, { LANG: 'de_DE.UTF-8', LC_MESSAGES: 'zh_CN.UTF-8' }, 'zh'],
    ['en', { LANG: 'zh_CN.UTF-8' }, 'en'],
    ['zh', { LANG: 'C' }, 'zh'],
  ] as const)('asked for as %s in %j is %s', (asked, env, language) => {
    expect(languageOf(asked, env)).toBe(language);
  });
});

describe('hints', () => {
  const [row] = knownErrors();
  const error = new BootstrapError('E_GATE', 'etcd: no answer', {
    hint: row?.hint,
    where: { host: 'm1' },
    exitCode: 4,
  });

  it('of known errors are told in Chinese, whatever the error is called; the rest stays', () => {
    const { code, message, hint, where, exitCode } = inLanguage('zh', error);
    const known = chineseHints()[row?.code ?? ''];
    expect({ code, message, hint, where, exitCode }).toEqual({
      code: 'E_GATE',
      message: 'etcd: no answer',
      hint: known,
      where: { host: 'm1' },
      exitCode: 4,
    });
  });

  it('stay as they are in English, and when they are others', () => {
    expect(inLanguage('en', error)).toBe(error);
    const other = new BootstrapError('E_STEP', 'x', { hint: 'Run it again.' });
    expect(inLanguage('zh', other)).toBe(other);
    const none = new BootstrapError('E_STEP', 'x');
    expect(inLanguage('zh', none)).toBe(none);
  });
});
