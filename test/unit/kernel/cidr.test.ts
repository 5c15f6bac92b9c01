import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contains, nthAddress, overlaps, parseCidr, subnets } from '../../../src/kernel/cidr.ts';

const withCode = (code: string): Error => expect.objectContaining({ code }) as Error;

const address = (value: number): string =>
  [24, 16, 8, 0].map((shift) => String((value >>> shift) & 255)).join('.');

/** A range with its bounds, worked out on bits where the code divides. */
const range = fc
  .tuple(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.integer({ min: 0, max: 32 }))
  .map(([value, prefix]) => {
    const mask = prefix === 0 ? 0 : (0xffff_ffff << (32 - prefix)) >>> 0;
    const first = (value & mask) >>> 0;
    const last = (first | ~mask) >>> 0;
    return { text: `${address(first)}/${prefix}`, first, last, prefix };
  });

describe('parseCidr', () => {
  it('gives first and last of any range', () => {
    fc.assert(
      fc.property(range, ({ text, first, last, prefix }) => {
        expect(parseCidr(text)).toEqual({ first, last, prefix });
      }),
    );
  });

  it('refuses host bits and says what was meant', () => {
    fc.assert(
      fc.property(range, fc.nat(), ({ text, first, last, prefix }, offset) => {
        fc.pre(prefix < 32);
        const inside = address(first + 1 + (offset % (last - first)));
        expect(() => parseCidr(`${inside}/${prefix}`)).toThrow(
          expect.objectContaining({ code: 'E_CIDR', hint: `Did you mean ${text}?` }),
        );
      }),
    );
  });

  it.each([
    '',
    '10.0.0.0',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0/8.5',
    '10.0.0/8',
    'fd00::/8',
    '010.0.0.0/8',
    '10.0.0.0/8 ',
    '10.244.0.0/16/',
    '10.244.0.0/16/ -j ACCEPT; touch /tmp/x #',
    "10.244.7.0/24/'; touch /PWNED; exit 0; '",
  ])('refuses %j and names it', (text) => {
    expect(() => parseCidr(text)).toThrow(withCode('E_CIDR'));
    expect(() => parseCidr(text)).toThrow(JSON.stringify(text));
  });
});

describe('contains', () => {
  it('holds for both ends and for nothing beyond them', () => {
    fc.assert(
      fc.property(range, ({ text, first, last }) => {
        const parsed = parseCidr(text);
        expect([first, last].map((value) => contains(parsed, address(value)))).toEqual([true, true]);
        if (first > 0) expect(contains(parsed, address(first - 1))).toBe(false);
        if (last < 2 ** 32 - 1) expect(contains(parsed, address(last + 1))).toBe(false);
      }),
    );
  });
});

describe('overlaps', () => {
  it('holds both ways or not at all, and exactly when one range holds the first address of the other', () => {
    fc.assert(
      fc.property(range, range, (one, other) => {
        const [a, b] = [parseCidr(one.text), parseCidr(other.text)];
        expect(overlaps(a, b)).toBe(overlaps(b, a));
        expect(overlaps(a, b)).toBe(contains(a, address(other.first)) || contains(b, address(one.first)));
      }),
    );
  });

  it('knows neighbours from overlaps', () => {
    expect(overlaps(parseCidr('10.0.0.0/24'), parseCidr('10.0.1.0/24'))).toBe(false);
    expect(overlaps(parseCidr('10.0.0.0/23'), parseCidr('10.0.1.0/24'))).toBe(true);
    expect(overlaps(parseCidr('0.0.0.0/0'), parseCidr('255.255.255.255/32'))).toBe(true);
  });
});

describe('nthAddress', () => {
  it('counts from the first address to the last, and no further', () => {
    fc.assert(
      fc.property(range, fc.nat(), ({ text, first, last }, offset) => {
        const n = offset % (last - first + 1);
        expect(nthAddress(text, n)).toBe(address(first + n));
        expect(() => nthAddress(text, last - first + 1)).toThrow(withCode('E_CIDR'));
      }),
    );
  });

  it('gives the addresses everybody knows', () => {
    expect([
      nthAddress('10.96.0.0/16', 1),
      nthAddress('10.96.0.0/16', 10),
      nthAddress('10.0.0.0/8', 256),
    ]).toEqual(['10.96.0.1', '10.96.0.10', '10.0.1.0']);
  });
});

describe('subnets', () => {
  it('cuts a range into pieces that follow each other and fill it', () => {
    fc.assert(
      fc.property(range, fc.integer({ min: 0, max: 8 }), ({ text, first, last, prefix }, more) => {
        const pieces = [...subnets(text, Math.min(32, prefix + more))].map(parseCidr);
        expect(pieces[0]?.first).toBe(first);
        expect(pieces.at(-1)?.last).toBe(last);
        for (const [index, piece] of pieces.slice(1).entries())
          expect(piece.first).toBe((pieces[index]?.last ?? 0) + 1);
      }),
    );
  });

  it('gives none that are larger than the range, nor any in a hurry', () => {
    expect([...subnets('10.244.0.0/16', 18)]).toEqual([
      '10.244.0.0/18',
      '10.244.64.0/18',
      '10.244.128.0/18',
      '10.244.192.0/18',
    ]);
    expect(subnets('0.0.0.0/0', 32).next().value).toBe('0.0.0.0/32');
  });
});
