/** What YAML calls a mapping and JSON an object: no list, and not nothing. */
export const isMapping = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * What a table has under a name that came from elsewhere. Every object also has `constructor` and its like, which are
 * nobody's rows.
 */
export const own = <T>(table: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(table, name) ? table[name] : undefined;
