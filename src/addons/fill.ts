import { BootstrapError } from '../kernel/errors.ts';

export type Values = Readonly<Record<string, unknown>>;

/**
 * Data with its `{names}` filled in: what is a name and nothing else becomes the value itself, a number or a list too;
 * within a text it becomes a part of it.
 */
export function fill<T>(data: T, values: Values): T;
export function fill(data: unknown, values: Values): unknown {
  if (typeof data === 'string') {
    const whole = /^\{([\w:-]+)\}$/.exec(data)?.[1];
    return whole === undefined
      ? data.replaceAll(/\{([\w:-]+)\}/g, (_, name: string) => String(valueOf(name, values)))
      : valueOf(whole, values);
  }
  if (Array.isArray(data)) return data.map((item) => fill<unknown>(item, values));
  if (typeof data !== 'object' || data === null) return data;
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, fill<unknown>(value, values)]));
}

function valueOf(name: string, values: Values): unknown {
  const value = Object.hasOwn(values, name) ? values[name] : undefined;
  if (value === undefined)
    throw new BootstrapError('E_BUG', `an add-on asks for {${name}}, which nothing gives`);
  return value;
}
