import type { SchemaNode } from '../../inventory/issues.ts';

/** A node of the schema by which values are accepted. */
export interface TakingNode extends SchemaNode {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
}

/**
 * What a field takes, as an inventory is written: `secure | cis | course`, `integer 1…65535`, `[string]`,
 * `{ name, address, … }`, `{ …: string }` where the names are free.
 */
export function takesOf(node: TakingNode): string {
  const { enum: values, anyOf, items, properties, additionalProperties: entries, type = 'anything' } = node;
  if (values) return values.map(String).join(' | ');
  if (anyOf) return [...new Set(anyOf.map(takesOf))].join(' | ');
  if (items) return `[${takesOf(items)}]`;
  if (properties) return `{ ${Object.keys(properties).join(', ')} }`;
  if (typeof entries === 'object') return `{ …: ${takesOf(entries)} }`;
  return [type].flat().join(' | ') + rangeOf(node);
}

/** Of numbers that have two ends; the biggest of all integers is none. */
const rangeOf = ({ minimum, maximum = Number.MAX_SAFE_INTEGER }: TakingNode): string =>
  minimum === undefined || maximum === Number.MAX_SAFE_INTEGER ? '' : ` ${minimum}…${maximum}`;
