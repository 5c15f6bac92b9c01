import { isMapping } from '../../kernel/mapping.ts';

type Fields = Readonly<Record<string, unknown>>;

/** A configuration with fields of the inventory laid over: blocks are merged, lists replaced, and `null` takes away. */
export function mergedConfig(own: Fields, given: Fields): Fields {
  const merged = Object.entries(given).map(([name, value]): [string, unknown] => {
    const before = Object.hasOwn(own, name) ? own[name] : undefined;
    return [name, isMapping(value) ? mergedConfig(isMapping(before) ? before : {}, value) : value];
  });
  const all = Object.entries({ ...own, ...Object.fromEntries(merged) });
  return Object.fromEntries(all.filter(([, value]) => value !== null));
}
