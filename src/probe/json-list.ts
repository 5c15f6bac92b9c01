import type { Piecewise } from '../kernel/breather.ts';

/** Up to so many bytes, a text is read in one piece. */
const SHORT = 64 * 1024;

/**
 * A JSON text as a value; `undefined` when it is none. A long list of the API is read item by item: ten thousand nodes
 * are read for as long as a connection may take. Of an item only what `take` takes is kept.
 */
export function* readJson(text: Buffer, take: (item: unknown) => unknown): Piecewise<unknown> {
  try {
    const items = text.length > SHORT ? yield* itemsOf(text) : undefined;
    if (items === undefined) return taken(JSON.parse(text.toString('utf8')), take);
    const [first, last] = [items[0]?.from ?? 0, items.at(-1)?.to ?? 0];
    const around = JSON.parse(text.toString('utf8', 0, first) + text.toString('utf8', last)) as object;
    const values: unknown[] = [];
    for (const { from, to } of items) {
      values.push(take(JSON.parse(text.toString('utf8', from, to))));
      yield;
    }
    return { ...around, items: values };
  } catch {
    return undefined;
  }
}

function taken(value: unknown, take: (item: unknown) => unknown): unknown {
  if (typeof value !== 'object' || value === null || !('items' in value)) return value;
  return Array.isArray(value.items) ? { ...value, items: value.items.map(take) } : value;
}

interface Span {
  readonly from: number;
  readonly to: number;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
/** Of a bracket or a brace, which differ in one bit. */
const OPEN = 0x7b;
const CLOSE = 0x7d;
const BRACE = 0x20;
/** Not to look at the clock for each byte. */
const STRIDE = 64 * 1024;

const BEFORE_ITEMS = /^\s*\{(?:\s*"\w+"\s*:\s*(?:"[^"\\]*"|\{[^{}]*\})\s*,)*?\s*"items"\s*:\s*\[(?!\s*\])/;

/** Where the items of a list stand, which is an object with `items`; `undefined` when it has none of them. */
function* itemsOf(text: Buffer): Piecewise<readonly Span[] | undefined> {
  const start = BEFORE_ITEMS.exec(text.toString('latin1', 0, SHORT))?.[0];
  if (start === undefined) return undefined;
  const spans: Span[] = [];
  let depth = 0;
  let from = start.length;
  for (let at = from, rest = STRIDE; at < text.length; at += 1, rest -= 1) {
    const byte = text[at] ?? 0;
    if (byte === QUOTE) at = endOfString(text, at);
    else if ((byte | BRACE) === OPEN) depth += 1;
    else if ((byte | BRACE) === CLOSE) depth -= 1;
    if (depth < 0 || (depth === 0 && byte === COMMA)) {
      spans.push({ from, to: at });
      from = at + 1;
    }
    if (depth < 0) return spans;
    if (rest > 0) continue;
    rest = STRIDE;
    yield;
  }
  return undefined;
}

/** Where the quote stands that ends a string. */
function endOfString(text: Buffer, start: number): number {
  for (let end = text.indexOf(QUOTE, start + 1); end >= 0; end = text.indexOf(QUOTE, end + 1)) {
    let before = end - 1;
    while (text[before] === BACKSLASH) before -= 1;
    if ((end - before) % 2 === 1) return end;
  }
  return text.length;
}
