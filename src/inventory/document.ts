import {
  CORE_SCHEMA,
  EVENT_ID,
  SCALAR_STYLE,
  YAMLException,
  constructFromEvents,
  getScalarValue,
  parseEvents,
  type Event,
  type ScalarEvent,
} from 'js-yaml';
import { type Piecewise, atOnce } from '../kernel/breather.ts';
import { BootstrapError, ExitCode } from '../kernel/errors.ts';
import type { Path } from './problem.ts';

/** Line and column, both counted from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A YAML file as plain data, and where each of its keys and values stands. */
export interface Document {
  readonly value: unknown;
  /** The key at a path (for a sequence item: the item); the nearest ancestor's value when nothing is written there. */
  readonly keyAt: (path: Path) => Position;
  /** The value at a path, or the nearest ancestor's. */
  readonly valueAt: (path: Path) => Position;
  /** A scalar as it stands in the file: `0644`, where the value is the number 644. */
  readonly textAt: (path: Path) => string | undefined;
  readonly isWritten: (path: Path) => boolean;
}

/** Far above any inventory, far below what hurts: 1,000 hosts written out are some 200 KB. */
const MAX_BYTES = 1024 * 1024;

/**
 * Reads one YAML 1.2 document (core schema: `no` is text, `0644` is 644). Refused: aliases, which can
 * blow a small file up to gigabytes; duplicate keys, merge keys and `__proto__`; more than 1 MiB.
 * @throws E_YAML with file, line and column
 */
export const parseDocument = (bytes: Uint8Array, file: string): Document =>
  atOnce(parsingDocument(bytes, file));

/** The same, with turns for others between its three passes. */
export function* parsingDocument(bytes: Uint8Array, file: string): Piecewise<Document> {
  const source = decode(bytes, file);
  try {
    const events = parseEvents(source, { filename: file });
    yield;
    const places = locate(events, source, file);
    yield;
    const documents = constructFromEvents(events, { source, schema: CORE_SCHEMA, maxAliases: 0 });
    if (documents.length === 0) {
      const hint = 'Remove it and let "k8s-bootstrap init ADDRESS…" write one, or start from README.md.';
      throw yamlError('the file is empty', { file, line: 1, column: 1 }, hint);
    }
    return { value: documents[0], ...lookups(places, source) };
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    const { line = 0, column = 0 } = error.mark ?? {};
    throw yamlError(error.reason, { file, line: line + 1, column: column + 1 }, hintFor(error.reason));
  }
}

interface Place {
  readonly key: number;
  readonly value: number;
  readonly text?: string;
}

/** By path, each part after a separator that no text of an inventory may hold. */
type Places = Map<string, Place>;
const SEPARATOR = '\0';

function decode(bytes: Uint8Array, file: string): string {
  const where = { file, line: 1, column: 1 };
  if (bytes.length > MAX_BYTES) throw yamlError(`the file has ${bytes.length} bytes, more than 1 MiB`, where);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw yamlError('the file is not UTF-8 text', where);
  }
}

/** Follows the events through nested collections and notes where each path is written. */
function locate(events: readonly Event[], source: string, file: string): Places {
  const places: Places = new Map();
  const fail = (message: string, offset: number, hint?: string): never => {
    throw yamlError(message, { file, ...position(source, offset) }, hint);
  };
  let next = 0;
  const take = (): Event => events[next++] ?? { type: EVENT_ID.POP };
  const closes = (): boolean => events[next]?.type === EVENT_ID.POP;

  const node = (path: string, keyOffset?: number): void => {
    const event = take();
    const offset = start(event) ?? keyOffset ?? source.length;
    if (event.type === EVENT_ID.ALIAS) fail('aliases are not supported', offset, ALIAS_HINT);
    const text = event.type === EVENT_ID.SCALAR ? { text: getScalarValue(source, event) } : {};
    places.set(path, { key: keyOffset ?? offset, value: offset, ...text });
    if (event.type === EVENT_ID.MAPPING) pairs(path);
    if (event.type === EVENT_ID.SEQUENCE) items(path);
  };
  const items = (path: string): void => {
    for (let index = 0; !closes(); index += 1) node(path + SEPARATOR + String(index));
    take();
  };
  const pairs = (path: string): void => {
    const seen = new Set<string>();
    while (!closes()) {
      const event = take();
      const offset = start(event) ?? source.length;
      if (event.type === EVENT_ID.ALIAS) fail('aliases are not supported', offset, ALIAS_HINT);
      if (event.type !== EVENT_ID.SCALAR) return void fail('a key must be text', offset);
      const key = getScalarValue(source, event);
      if (key === '__proto__') fail('the key "__proto__" is not allowed', offset);
      if (key === '<<') fail('merge keys (<<) are not supported', offset, ALIAS_HINT);
      if (seen.has(key)) fail(`duplicate key "${key}"`, offset, 'A key may stand only once in a mapping.');
      seen.add(key);
      node(path + SEPARATOR + key, offset);
    }
    take();
  };

  for (let documents = 0; next < events.length; documents += 1) {
    take();
    if (documents > 0) fail('more than one document in the file', start(events[next]) ?? source.length);
    if (!closes()) node('');
    take();
  }
  return places;
}

const ALIAS_HINT = 'Use defaults: or groups: for what several hosts share.';

function start(event: Event | undefined): number | undefined {
  if (event?.type === EVENT_ID.MAPPING || event?.type === EVENT_ID.SEQUENCE) return event.start;
  if (event?.type === EVENT_ID.ALIAS) return event.anchorStart - 1; // the anchor starts after its *
  if (event?.type !== EVENT_ID.SCALAR || event.valueStart < 0) return undefined;
  return event.valueStart - (isQuoted(event) ? 1 : 0); // the value of a quoted scalar starts after its quote
}

const isQuoted = (event: ScalarEvent): boolean =>
  event.style === SCALAR_STYLE.SINGLE_QUOTED || event.style === SCALAR_STYLE.DOUBLE_QUOTED;

function lookups(places: Places, source: string): Omit<Document, 'value'> {
  const at = (path: Path): Place | undefined =>
    places.get(path.map((part) => SEPARATOR + String(part)).join(''));
  const valueAt = (path: Path): Position => {
    for (let length = path.length; length >= 0; length -= 1) {
      const place = at(path.slice(0, length));
      if (place) return position(source, place.value);
    }
    return { line: 1, column: 1 };
  };
  return {
    valueAt,
    keyAt: (path) => {
      const place = at(path);
      return place ? position(source, place.key) : valueAt(path);
    },
    textAt: (path) => at(path)?.text,
    isWritten: (path) => at(path) !== undefined,
  };
}

function position(source: string, offset: number): Position {
  const before = source.slice(0, offset);
  const lineStart = before.lastIndexOf('\n') + 1;
  return { line: before.split('\n').length, column: offset - lineStart + 1 };
}

const hintFor = (reason: string): string | undefined =>
  /indentation|end of the stream/.test(reason)
    ? 'Check the indentation (spaces, never tabs), and that a value holding ": " or " #" is quoted.'
    : undefined;

function yamlError(message: string, where: { file: string } & Position, hint?: string): BootstrapError {
  return new BootstrapError('E_YAML', message, { where, hint, exitCode: ExitCode.usage });
}
