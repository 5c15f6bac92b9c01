/** V8 copies what is shorter; of the rest of a text, a part is a window onto the whole, which stays in memory with it. */
const WINDOW = 13;

/** Plain data with texts and bytes of its own, so that what they were cut out of can go. */
export function detached<Value>(value: Value): Value {
  return copy(value) as Value;
}

function copy(value: unknown): unknown {
  if (typeof value === 'string') {
    return value.length < WINDOW ? value : Buffer.from(value, 'utf8').toString('utf8');
  }
  if (typeof value !== 'object' || value === null) return value;
  if (Buffer.isBuffer(value)) return Buffer.from(value);
  if (value instanceof Map) return new Map([...value].map(([key, item]) => [key, copy(item)]));
  if (Array.isArray(value)) return value.map(copy);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, copy(item)]));
}
