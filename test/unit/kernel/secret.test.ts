import { format, inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { quote } from '../../../src/kernel/quote.ts';
import { Secret, redact } from '../../../src/kernel/secret.ts';

describe('Secret', () => {
  const secret = new Secret('hunter2-hunter2');

  it('comes out by reveal alone', () => {
    expect(secret.reveal()).toBe('hunter2-hunter2');
  });

  it.each([
    ['a text', () => String(secret)],
    ['concatenation', () => ['x', secret].join(' ')],
    ['JSON', () => JSON.stringify({ deep: [{ secret }] })],
    ['inspect', () => inspect({ deep: [{ secret }] }, { depth: 9, showHidden: true })],
    ['console', () => format('%s %o %O %j', secret, secret, secret, secret)],
    ['an error', () => inspect(new Error('no', { cause: secret }))],
    ['its own keys', () => JSON.stringify([Object.entries(secret), Object.getOwnPropertyNames(secret)])],
    ['a copy', () => inspect(Object.assign({}, secret))],
  ])('stays inside in %s', (_, print) => {
    expect(print()).not.toContain('hunter2');
  });
});

describe('redact', () => {
  /** As people and generators make them: no shorter than what may be masked, no part of the mask. */
  const value = fc
    .string({ unit: 'grapheme', minLength: 4, maxLength: 40 })
    .filter((text) => !'***'.includes(text));
  const noise = fc.string({ maxLength: 20 });

  it.each<[string, (text: string) => string]>([
    ['as it stands', (text) => text],
    ['in base64', (text) => Buffer.from(text).toString('base64')],
    ['in a URL', (text) => encodeURIComponent(text)],
    ['quoted for a shell', (text) => quote(text)],
  ])('masks any secret %s, wherever it is', (_, form) => {
    fc.assert(
      fc.property(noise, value, noise, (before, text, after) => {
        fc.pre(!/[*\p{Surrogate}]/u.test(text));
        const masked = redact(`${before}${form(text)}${after}${form(text)}`, [new Secret(text)]);
        expect(masked).not.toContain(text);
        expect(masked).not.toContain(Buffer.from(text).toString('base64'));
        expect(masked).toContain('***');
      }),
    );
  });

  it('masks all of several, and leaves the rest of the text', () => {
    expect(
      redact('user=admin pass=first-one key=second-one.', [
        new Secret('first-one'),
        new Secret('second-one'),
      ]),
    ).toBe('user=admin pass=*** key=***.');
  });

  it('leaves no end of a secret that begins like another', () => {
    expect(
      redact('pass=correct-horse-battery', [
        new Secret('correct-horse'),
        new Secret('correct-horse-battery'),
      ]),
    ).toBe('pass=***');
  });

  it('leaves no end of a secret that begins within another', () => {
    const secrets = [new Secret('abcd'), new Secret('cdefghijklmnop'), new Secret('nopqrs')];
    expect(redact('xabcdefghijklmnopqrsx abcdabcd', secrets)).toBe('x***x ******');
  });

  it('does not take a secret for a pattern or a replacement', () => {
    expect(redact('a.*b a$&b axxb', [new Secret('a.*b'), new Secret('a$&b')])).toBe('*** *** axxb');
  });

  it('leaves a value alone that is too short to be one', () => {
    expect(redact('a cat sat', [new Secret('a'), new Secret('at')])).toBe('a cat sat');
  });
});
