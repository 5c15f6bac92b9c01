import { readFileSync } from 'node:fs';
import { load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { knownError, knownErrors } from '../../../src/release/known-errors.ts';
import { causeOf } from '../../../src/commands/nfs/causes.ts';
import { nfsErrors } from '../../../src/release/nfs-errors.ts';
import { MEGABYTE, quickly } from '../../support/hostile.ts';
import { chineseHints } from '../../../src/texts/texts.ts';

const captured = Object.entries(
  load(readFileSync(new URL('../../cases/known-errors.yaml', import.meta.url), 'utf8')) as Record<
    string,
    string[]
  >,
).flatMap(([code, texts]) => texts.map((text) => ({ code, text })));

describe('what a host said', () => {
  it.each(captured)('is $code: $text', ({ code, text }) => {
    expect(knownError(text)?.code).toBe(code);
  });

  it.each(captured)('fits no pattern but that of $code: $text', ({ text, code }) => {
    const fits = knownErrors().filter(({ pattern }) => new RegExp(pattern, 'i').test(text));
    expect(fits.map((entry) => entry.code)).toEqual([code]);
  });

  it('is known by patterns that have each been seen to fit', () => {
    const unseen = knownErrors().filter(
      ({ pattern }) => !captured.some(({ text }) => new RegExp(pattern, 'i').test(text)),
    );
    expect(unseen.map(({ code }) => code)).toEqual([]);
  });

  it('is told what to do about in Chinese, too', () => {
    const codes = knownErrors().map(({ code }) => code);
    expect(Object.keys(chineseHints()).sort()).toEqual([...new Set(codes)].sort());
    expect(codes).toEqual([...new Set(codes)]);
    for (const [code, hint] of Object.entries(chineseHints())) expect(hint, code).toMatch(/\p{Script=Han}/u);
  });

  /** What begins as a pattern does, again and again, is what looking for it takes longest. */
  it.each([
    ['known-errors.yaml', knownErrors().map(({ pattern }) => ({ pattern, look: knownError }))],
    [
      'nfs-errors.yaml',
      nfsErrors().map(({ pattern = '', step = '' }) => ({
        pattern,
        look: (said: string) => causeOf(step, { code: 1, said }),
      })),
    ],
  ])('is looked through at once, whatever it is (%s)', async (_, rows) => {
    for (const { pattern, look } of rows) {
      for (const word of pattern.match(/[a-z][a-z :'=-]{3,}/gi) ?? []) {
        await quickly(() => look(word.repeat(MEGABYTE / word.length)));
        await quickly(() => look(`${word}\n`.repeat(MEGABYTE / word.length)));
      }
    }
  });

  it('may be nothing that is known', () => {
    expect(knownError('all is well')).toBeUndefined();
  });
});
