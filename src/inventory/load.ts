import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, resolve } from 'node:path';
import { type Piecewise, atOnce, inTurns } from '../kernel/breather.ts';
import { BootstrapError, ExitCode } from '../kernel/errors.ts';
import { ONCE } from '../kernel/once.ts';
import { quote } from '../kernel/quote.ts';
import { Secret } from '../kernel/secret.ts';
import { parsingDocument, type Document } from './document.ts';
import type { Known } from './known.ts';
import { envVariable, type Surroundings } from './schema/fields.ts';
import { complaintsOf, type Complaint } from './issues.ts';
import { inventoryJsonSchema } from './schema/json-schema.ts';
import { unfitTexts } from './one-line.ts';
import { formatPath, formatProblem, InventoryError, type Path, type InventoryProblem } from './problem.ts';
import { resolveInventory } from './resolve.ts';
import type { Report } from './rules/rule.ts';
import { rules } from './rules/rules.ts';
import { inventorySchema, type WrittenInventory } from './schema/schema.ts';
import type { Inventory } from './types.ts';

export interface LoadOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Versions of Kubernetes that can be installed, oldest first. */
  readonly knownVersions: Known['versions'];
  /** What goes with one of them. */
  readonly release: (version: string) => Known['release'];
}

export interface LoadedInventory {
  readonly inventory: Inventory;
  readonly warnings: readonly InventoryProblem[];
}

/**
 * Reads, checks and completes an inventory. The result is frozen all through.
 * @throws E_INVENTORY_FILE when it can't be read, E_YAML when it isn't YAML, otherwise
 *   {@link InventoryError} with everything that is wrong with it
 */
export const loadInventory = async (file: string, options: LoadOptions): Promise<LoadedInventory> =>
  inTurns(parsingInventory(await read(file), file, options));

/** The same for a text that is not in the file yet; relative paths start at the file's folder. */
export const parseInventory = (bytes: Uint8Array, file: string, options: LoadOptions): LoadedInventory =>
  atOnce(parsingInventory(bytes, file, options));

/** Stage by stage: of thousands of hosts, each takes as long as all may together without a pause. */
export function* parsingInventory(
  bytes: Uint8Array,
  file: string,
  options: LoadOptions,
): Piecewise<LoadedInventory> {
  const document = yield* parsingDocument(bytes, file);
  yield;
  const absolute = resolve(file);
  const home = options.env['HOME'] ?? homedir();
  const surroundings = { env: options.env, folder: dirname(absolute), home };
  const errors = unfitTexts(document.value, surroundings);
  const warnings: Complaint[] = plainSecrets(document.value, []);
  yield;
  const raw = withNumbersAsWritten(document.value, document, []);
  yield;
  const parsed = parseWritten(raw, surroundings, errors);
  yield;
  let inventory: Inventory | undefined;
  if (parsed) {
    const written = parsed.data;
    const known = knownTo(written, options);
    const resolved = resolveInventory(written, absolute, surroundings, known.release);
    const place = (path: Path): Path => toWritten(path, resolved.origins, written, document);
    const found: Complaint[] = [...resolved.complaints];
    const ruled: Complaint[] = [];
    yield;
    yield* runRules(resolved.inventory, known, place, ruled, warnings);
    // Where hosts or sections are missing, what is said of hosts and their roles would be a consequence.
    const whole = parsed.whole && resolved.complaints.length === 0;
    found.push(...(whole ? ruled : ruled.filter(({ path }) => !ABOUT_HOSTS.includes(String(path[0])))));
    errors.push(...newIn(errors, found));
    inventory = resolved.inventory;
  }
  if (errors.length > 0 || !inventory) throw new InventoryError(toProblems(errors, document, file));
  return { inventory: deepFreeze(inventory), warnings: toProblems(warnings, document, file) };
}

/** Sections whose rules count hosts. */
const ABOUT_HOSTS: readonly string[] = ['hosts', 'groups', 'defaults', 'nfs', 'users'];

const UNREADABLE: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EISDIR: 'it is a folder',
  ENOENT: 'no such file',
  ENOTDIR: 'its folder is a file',
};

async function read(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (cause) {
    const { code = '', message } = cause as NodeJS.ErrnoException;
    const reason = UNREADABLE[code] ?? message;
    throw new BootstrapError('E_INVENTORY_FILE', `cannot read the inventory ${file}: ${reason}`, {
      cause,
      where: { file },
      hint:
        code === 'ENOENT'
          ? `Give its path with -i FILE, or let "k8s-bootstrap init ADDRESS…${file === 'inventory.yaml' ? '' : ` --output ${quote(file)}`}" write it.`
          : 'Give its path with -i FILE.',
      exitCode: ExitCode.usage,
    });
  }
}

/** For a version that is not known, which a rule refuses, the latest stands in: there may be more to complain of. */
function knownTo({ kubernetes }: WrittenInventory, { knownVersions, release }: LoadOptions): Known {
  const version = knownVersions.findLast((one) => one === kubernetes.version) ?? knownVersions.at(-1);
  return { versions: knownVersions, release: release(version ?? kubernetes.version) };
}

/**
 * The schema's view of the file. What it refuses is noted and, where the rest makes sense without it,
 * left out, so that the rules can still report what else is wrong.
 */
function parseWritten(
  raw: unknown,
  surroundings: Surroundings,
  errors: Complaint[],
): { readonly data: WrittenInventory; readonly whole: boolean } | undefined {
  const schema = inventorySchema(surroundings);
  const first = schema.safeParse(raw, { reportInput: true, ...ONCE });
  if (first.success) return { data: first.data, whole: true };
  const complaints = complaintsOf(first.error.issues, inventoryJsonSchema);
  errors.push(...newIn(errors, complaints));
  const rest = structuredClone(raw);
  for (const { path, meant } of complaints) repair(rest, path, meant);
  for (const { path } of complaints) standIn(rest, path);
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    const again = schema.safeParse(rest, ONCE);
    if (again.success) return { data: again.data, whole: round === 0 };
    // What lacks a part that it cannot be without goes as a whole; of hosts, nothing can be said then.
    for (const { path } of again.error.issues) {
      const around = (path as Path).slice(0, -1);
      if (around.length === 0 || around[0] === 'hosts') return undefined;
      repair(rest, around, undefined);
    }
  }
  return undefined;
}

/** As deep as an inventory is. */
const MOST_ROUNDS = 8;

/**
 * For what no inventory can be without, so that one mistake there does not hide all others. What is found wrong about
 * it afterwards is at a place that is complained of already.
 */
function standIn(value: unknown, path: Path): void {
  const [first, index, field] = path;
  const inventory = value as { name?: unknown; hosts?: unknown };
  if (typeof inventory !== 'object' || (inventory as unknown) === null) return;
  if (path.length === 1 && first === 'name') inventory.name ??= 'cluster';
  if (first !== 'hosts' || typeof index !== 'number' || !Array.isArray(inventory.hosts)) return;
  const host = (inventory.hosts as unknown[])[index];
  if (typeof host !== 'object' || host === null) return;
  if (field === 'name') (host as { name?: unknown }).name ??= `host-${index}`;
  // Of the range for benchmarks (RFC 2544), which no network of anybody has.
  if (field === 'address') (host as { address?: unknown }).address ??= `198.18.${index >> 8}.${index & 255}`;
}

/** Renames a mistyped key; takes anything else away that is wrong, of a list the whole. */
function repair(value: unknown, path: Path, meant: Path | undefined): void {
  const end = path.findLastIndex((part) => typeof part === 'string');
  let parent = value as Record<string | number, unknown> | undefined;
  for (const part of path.slice(0, end)) parent = parent?.[part] as typeof parent;
  const key = path[end];
  if (typeof parent !== 'object' || key === undefined) return;
  const name = meant?.at(-1);
  if (name !== undefined && !Object.hasOwn(parent, name)) parent[name] = parent[key];
  Reflect.deleteProperty(parent, key);
}

function* runRules(
  inventory: Inventory,
  known: Known,
  place: (path: Path) => Path,
  errors: Complaint[],
  warnings: Complaint[],
): Piecewise<void> {
  const into =
    (list: Complaint[]): Report['error'] =>
    (path, message, details) =>
      void list.push({ path: place(path), message, ...details });
  const report: Report = { error: into(errors), warning: into(warnings) };
  for (const rule of rules) {
    rule(inventory, report, known);
    yield;
  }
}

/** A path of the resolved inventory, as the place where its value was written: host, group, defaults or top. */
function toWritten(
  path: Path,
  origins: readonly number[],
  written: WrittenInventory,
  document: Document,
): Path {
  const [first, index, ...rest] = path;
  if (first !== 'hosts' || typeof index !== 'number') return path;
  const origin = origins[index] ?? index;
  const own: Path = ['hosts', origin, ...rest];
  const levels: Path[] = [
    own,
    ['groups', written.hosts[origin]?.group ?? '', ...rest],
    ['defaults', ...rest],
    rest,
  ];
  return levels.find((level) => level.length > 0 && document.isWritten(level)) ?? own;
}

/** Those whose place is not complained of already. */
const newIn = (known: readonly Complaint[], found: readonly Complaint[]): Complaint[] =>
  found.filter(({ path }) => !known.some((error) => startsWith(path, error.path)));

const startsWith = (path: Path, prefix: Path): boolean => prefix.every((part, index) => path[index] === part);

function toProblems(complaints: readonly Complaint[], document: Document, file: string): InventoryProblem[] {
  const problems = complaints.map(({ path, message, hint, atKey }): InventoryProblem => {
    const where = { file, ...(atKey ? document.keyAt(path) : document.valueAt(path)) };
    return { path: formatPath(path), message, ...(hint !== undefined && { hint }), where };
  });
  const distinct = new Map(problems.map((problem) => [formatProblem(problem), problem]));
  return [...distinct.values()].sort(
    (a, b) => a.where.line - b.where.line || a.where.column - b.where.column,
  );
}

/** `0644` and `1.10` as values of flags, labels, sysctls and modes mean just that, not 644 and 1.1. */
function withNumbersAsWritten(value: unknown, document: Document, path: Path): unknown {
  const inside =
    path.some((part) => part === 'extraArgs' || part === 'labels' || part === 'sysctls') ||
    (path[0] === 'nfs' && ['mode', 'owner', 'group'].includes(String(path.at(-1))));
  if (typeof value === 'number' && inside) return document.textAt(path) ?? value;
  if (Array.isArray(value))
    return value.map((item, index) => withNumbersAsWritten(item, document, [...path, index]));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value);
  return Object.fromEntries(
    entries.map(([key, item]) => [key, withNumbersAsWritten(item, document, [...path, key])]),
  );
}

function plainSecrets(value: unknown, path: Path): Complaint[] {
  if (typeof value === 'object' && value !== null) {
    const entries: [string | number, unknown][] = Array.isArray(value)
      ? [...value.entries()]
      : Object.entries(value);
    return entries.flatMap(([key, item]) => plainSecrets(item, [...path, key]));
  }
  const key = path.at(-1);
  const isSecret =
    ((path.includes('ssh') || path.includes('registries') || path[0] === 'pki') &&
      (key === 'password' || key === 'passphrase')) ||
    (path[0] === 'addons' && /password$/i.test(String(key)));
  if (!isSecret || typeof value !== 'string' || envVariable(value) !== undefined) return [];
  const hint = 'Write it as ${env:NAME} and set NAME, or use a key.';
  return [{ path, message: 'a secret in plain text', hint }];
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || value instanceof Secret) return value;
  for (const item of Object.values(value)) deepFreeze(item);
  return Object.freeze(value);
}
