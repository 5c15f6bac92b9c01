import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { didYouMean, suggest } from '../../../src/inventory/suggest.ts';

describe('suggest', () => {
  it.each([
    ['adress', 'address'],
    ['serviceCidr', 'serviceCIDR'],
    ['hsots', 'hosts'],
    ['ip', 'ip'],
    ['colour', undefined],
    ['nmae', 'name'],
  ])('%s → %s', (word, meant) => {
    expect(suggest(word, ['name', 'address', 'hosts', 'ip', 'serviceCIDR'])).toBe(meant);
  });

  it('takes the nearest, not the first', () => {
    expect(suggest('max-podz', ['max-podium', 'max-pods'])).toBe('max-pods');
  });

  it('finds any word of five letters or more with one letter wrong', () => {
    const words = fc.tuple(fc.stringMatching(/^[a-z]{5,12}$/), fc.nat());
    fc.assert(
      fc.property(words, ([word, at]) => {
        const index = at % word.length;
        expect(suggest(`${word.slice(0, index)}9${word.slice(index + 1)}`, ['zz', word])).toBe(word);
      }),
    );
  });

  it('says nothing when nothing is near', () => {
    expect(didYouMean('color', ['name'])).toBe('');
  });
});
