import { readFileSync } from 'node:fs';
import { load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { knownError, knownErrors } from '../../../src/release/known-errors.ts';

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

  it('may be nothing that is known', () => {
    expect(knownError('all is well')).toBeUndefined();
  });
});
