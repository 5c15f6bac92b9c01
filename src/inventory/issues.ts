import type * as z from 'zod';
import { formatPath, type Path } from './problem.ts';
import { didYouMean, suggest } from './suggest.ts';

/** A schema issue or a rule's finding, in our words. */
export interface Complaint {
  readonly path: Path;
  readonly message: string;
  readonly hint?: string;
  /** Show the key rather than the value. */
  readonly atKey?: boolean;
  /** Where an unknown key probably belongs: that one is then not missing. */
  readonly meant?: Path;
}

/** The part of JSON Schema that is needed to find which keys are allowed where. */
export interface SchemaNode {
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly propertyNames?: { readonly enum?: readonly string[] };
  readonly items?: SchemaNode;
  readonly additionalProperties?: SchemaNode | boolean;
  readonly anyOf?: readonly SchemaNode[];
}

type Issue = z.core.$ZodIssue;

/** @param schema JSON Schema of the whole inventory, made only when it is needed */
export function complaintsOf(issues: readonly Issue[], schema: () => SchemaNode): Complaint[] {
  const all = issues.flatMap((issue) => complaints(issue, [], schema));
  const meant = new Set(all.flatMap(({ meant }) => (meant ? [formatPath(meant)] : [])));
  return all.filter(({ path, message }) => message !== MISSING || !meant.has(formatPath(path)));
}

const MISSING = 'missing';

function complaints(issue: Issue, parent: Path, schema: () => SchemaNode): Complaint[] {
  const path = [...parent, ...(issue.path as (string | number)[])];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey([...path, key], schema()));
    case 'invalid_union':
      return union(issue, path, schema);
    case 'invalid_type':
      return [wrongType(issue.expected, issue.input, path)];
    case 'invalid_value':
      if (issue.input === undefined)
        return [{ path, message: `missing (one of ${issue.values.join(', ')})` }];
      return [{ path, message: notOneOf(issue.input, issue.values.map(String)) }];
    case 'invalid_key':
      return issue.issues.map((inner) => badKey(inner, path));
    case 'too_small':
    case 'too_big':
      return [{ path, message: outOfRange(issue) }];
    case 'invalid_format':
    case 'not_multiple_of':
    case 'invalid_element':
    case 'custom':
      return [{ path, message: issue.message, ...hintOf(issue) }];
  }
}

function unknownKey(path: Path, schema: SchemaNode): Complaint {
  const key = String(path.at(-1));
  const allowed = keysAt(schema, path.slice(0, -1));
  const candidate = suggest(key, allowed);
  const guess = candidate === undefined ? '' : `; did you mean ${candidate}?`;
  const elsewhere = guess === '' ? sectionsWith(schema, key) : [];
  return {
    path,
    message: `unknown key${guess}`,
    atKey: true,
    ...(candidate !== undefined && { meant: [...path.slice(0, -1), candidate] }),
    ...(elsewhere.length > 0 && { hint: `There is a key of that name under ${elsewhere.join(', ')}.` }),
    ...(guess === '' && elsewhere.length === 0 && { hint: knownHere(allowed) }),
  };
}

const knownHere = (allowed: readonly string[]): string =>
  allowed.length === 0 ? 'There is nothing to be set here.' : `Known here: ${allowed.join(', ')}.`;

/** The alternative that fits the kind of value given is the one whose issues help. */
function union(
  issue: Extract<Issue, { code: 'invalid_union' }>,
  path: Path,
  schema: () => SchemaNode,
): Complaint[] {
  const fitting = issue.errors.find(
    (branch) => !branch.some((inner) => inner.code === 'invalid_type' && inner.path.length === 0),
  );
  if (fitting) return fitting.flatMap((inner) => complaints(inner, path, schema));
  const expected = issue.errors.flatMap((branch) =>
    branch.flatMap((inner) =>
      inner.code === 'invalid_type' ? [kindNames[inner.expected] ?? inner.expected] : [],
    ),
  );
  if (issue.input === undefined) return [{ path, message: MISSING }];
  return [{ path, message: `must be ${listed([...new Set(expected)])}, not ${describe(issue.input, path)}` }];
}

const listed = (kinds: readonly string[]): string => kinds.join(', ').replace(/, ([^,]*)$/, ' or $1');

const kindNames: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
  null: 'null',
};

function wrongType(expected: string, input: unknown, path: Path): Complaint {
  if (input === undefined) return { path, message: MISSING };
  const quoting = expected === 'string' && (typeof input === 'number' || typeof input === 'boolean');
  return {
    path,
    message: `must be ${kindNames[expected] ?? expected}, not ${describe(input, path)}`,
    ...(quoting && { hint: 'Put it in quotes to make it text.' }),
  };
}

/** A value for a message; never that of a secret. */
function describe(input: unknown, path: Path): string {
  if (input === null) return 'empty';
  if (Array.isArray(input)) return 'a list';
  if (typeof input !== 'string' && typeof input !== 'number' && typeof input !== 'boolean')
    return 'a mapping';
  if (/password|passphrase|sudo|token/i.test(String(path.at(-1))))
    return kindNames[typeof input] ?? typeof input;
  return typeof input === 'string' ? `"${input}"` : String(input);
}

const notOneOf = (input: unknown, values: readonly string[]): string => {
  const guess = typeof input === 'string' ? didYouMean(input, values) : '';
  return `${describe(input, [])} is not one of ${values.join(', ')}${guess}`;
};

function badKey(inner: Issue, path: Path): Complaint {
  const key = String(path.at(-1));
  if (inner.code === 'invalid_value')
    return { path, message: notOneOf(key, inner.values.map(String)), atKey: true };
  return { path, message: inner.message, atKey: true };
}

function outOfRange(issue: Extract<Issue, { code: 'too_small' | 'too_big' }>): string {
  if (issue.origin !== 'number' && issue.origin !== 'int') return issue.message;
  const limit = issue.code === 'too_small' ? `at least ${issue.minimum}` : `at most ${issue.maximum}`;
  return `must be ${limit}, not ${String(issue.input)}`;
}

const hintOf = (issue: Issue): { hint?: string } => {
  const hint: unknown =
    'params' in issue ? (issue.params as Record<string, unknown> | undefined)?.['hint'] : undefined;
  return typeof hint === 'string' ? { hint } : {};
};

function keysAt(schema: SchemaNode, path: Path): string[] {
  let nodes: SchemaNode[] = [schema];
  for (const part of path) nodes = nodes.flatMap(alternatives).flatMap((node) => child(node, part));
  return nodes
    .flatMap(alternatives)
    .flatMap((node) => node.propertyNames?.enum ?? Object.keys(node.properties ?? {}));
}

const alternatives = (node: SchemaNode): readonly SchemaNode[] => node.anyOf ?? [node];

function child(node: SchemaNode, part: string | number): SchemaNode[] {
  if (typeof part === 'number') return node.items ? [node.items] : [];
  const named = node.properties?.[part];
  if (named) return [named];
  return typeof node.additionalProperties === 'object' ? [node.additionalProperties] : [];
}

/** The top-level sections (or `hosts[]`) in which a key of this name is known. */
function sectionsWith(schema: SchemaNode, key: string): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([section, node]) => {
    if (node.properties?.[key]) return [`${section}:`];
    return node.items?.properties?.[key] ? [`${section}: (each entry)`] : [];
  });
}
