import type { FieldFact } from '../../answers/cluster.ts';
import { parseDocument } from '../../inventory/document.ts';
import type { SchemaNode } from '../../inventory/issues.ts';
import { type TakingNode, takesOf } from './takes.ts';
import { type Path, formatPath } from '../../inventory/problem.ts';
import { isMapping } from '../../kernel/mapping.ts';

/** A field of the schema with what it says of itself. */
interface FieldNode extends TakingNode {
  readonly description?: string;
  readonly default?: unknown;
}

/**
 * What an inventory field is for, and where this inventory says it. Lists are passed through: `hosts.nfsAddress` is that
 * of each host.
 * @param field as it stands in errors and in `schema`: `etcd.dataDir`, `hosts[].nfsAddress`
 */
export function explainField(
  field: string,
  schema: SchemaNode,
  inventory: Uint8Array,
  file: string,
): FieldFact | undefined {
  const words = field.replaceAll(/\[\d*\]/g, '').split('.');
  const node = words.reduce<FieldNode | undefined>((at, word) => at && below(at, word), schema);
  if (!node) return undefined;
  const document = parseDocument(inventory, file);
  const sources = placesOf(document.value, words).map((place) => {
    const { line, column } = document.keyAt(place);
    return `${file}:${line}:${column} ${formatPath(place)}`;
  });
  return {
    field: words.join('.'),
    what: node.description ?? null,
    takes: takesOf(node),
    // Of a section each field has one of its own.
    default: node.default === undefined || node.properties ? null : JSON.stringify(node.default),
    sources,
  };
}

/** Names of all fields, as they are written. */
export function fieldNames(node: SchemaNode, before = ''): string[] {
  const own = Object.entries(node.properties ?? {}).flatMap(([name, child]) => [
    `${before}${name}`,
    ...fieldNames(child, `${before}${name}.`),
  ]);
  const within = [...(node.items ? [node.items] : []), ...(node.anyOf ?? [])];
  return [...new Set([...own, ...within.flatMap((child) => fieldNames(child, before))])];
}

function below(node: SchemaNode, word: string): FieldNode | undefined {
  if (node.properties && Object.hasOwn(node.properties, word)) return node.properties[word];
  const within = [...(node.items ? [node.items] : []), ...(node.anyOf ?? [])];
  return within.map((child) => below(child, word)).find((found) => found !== undefined) ?? entry(node, word);
}

/** What stands below a name that is the user's own; where it says nothing of itself, it is what all of them are for. */
function entry(node: FieldNode, word: string): FieldNode | undefined {
  const { additionalProperties: values, propertyNames } = node;
  if (!isMapping(values) || propertyNames?.enum?.includes(word) === false) return undefined;
  const { description } = node;
  return { ...(description !== undefined && { description }), ...values };
}

/** Every place of a written value that such a path leads to. */
function placesOf(value: unknown, words: readonly string[], before: Path = []): Path[] {
  if (Array.isArray(value)) {
    return value.flatMap((item, index) => placesOf(item, words, [...before, index]));
  }
  const [first, ...rest] = words;
  if (first === undefined) return [before];
  if (!isMapping(value) || !Object.hasOwn(value, first)) return [];
  return rest.length === 0 ? [[...before, first]] : placesOf(value[first], rest, [...before, first]);
}
