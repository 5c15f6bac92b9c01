import fc from 'fast-check';
import { expect, it } from 'vitest';
import { atOnce } from '../../../src/kernel/breather.ts';
import { readJson } from '../../../src/probe/json-list.ts';

const same = (item: unknown): unknown => item;
const read = (text: string): unknown => atOnce(readJson(Buffer.from(text), same));
/** A text is long enough to be read item by item. */
const PADDING = 'a "b" \\ [{,]} '.repeat(8_000);

it('reads a long list as JSON.parse does', () => {
  const items = fc.array(fc.oneof(fc.jsonValue(), fc.string({ unit: 'binary' })), { minLength: 1 });
  fc.assert(
    fc.property(items, fc.constantFrom(undefined, 1, '\t'), (some, indent) => {
      const list = {
        kind: 'NodeList',
        apiVersion: 'v1',
        metadata: { selfLink: '/x' },
        items: [...some, PADDING],
      };
      const text = JSON.stringify(list, undefined, indent);
      expect(read(text)).toEqual(JSON.parse(text));
    }),
    { numRuns: 50 },
  );
});

it.each([
  ['no items', { kind: 'x', items: [], rest: PADDING }],
  ['items that are none', { kind: 'x', items: PADDING }],
  ['no list', [PADDING]],
  ['a text', PADDING],
  ['items deeper down', { metadata: { items: [1] }, rest: PADDING, items: [2] }],
])('reads %s as JSON.parse does', (_, value) => {
  expect(read(JSON.stringify(value))).toEqual(value);
});

it.each([
  ['an end', '{"items":["PADDING"'],
  ['the end of a text', '{"items":["PADDING'],
  ['an item', '{"items":["PADDING",]}'],
  ['its bracket', '{"items":["PADDING"}}'],
  ['sense', '{"items":["PADDING",x]}'],
])('takes a long list without %s for none', (_, text) => {
  expect(read(text.replace('PADDING', 'x'.repeat(100_000)))).toBeUndefined();
});

it('can be left between any two items', () => {
  const list = {
    items: Array.from({ length: 5000 }, (_, index) => ({ name: `n${index}`, at: 'x'.repeat(20) })),
  };
  const pieces = [...readJson(Buffer.from(JSON.stringify(list)), same)];
  expect(pieces.length).toBeGreaterThanOrEqual(5000);
});

it('keeps of an item what is taken, of short and of long lists', () => {
  for (const count of [1, 5000]) {
    const text = JSON.stringify({
      items: Array.from({ length: count }, () => ({ a: 1, b: 'x'.repeat(20) })),
    });
    const found = atOnce(readJson(Buffer.from(text), (item) => (item as { a: number }).a));
    expect(found).toEqual({ items: Array.from({ length: count }, () => 1) });
  }
});
