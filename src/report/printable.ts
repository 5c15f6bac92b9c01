import { asBootstrapError } from '../kernel/errors.ts';
import type { BootstrapError } from '../kernel/errors.ts';
import { Secret, redactor } from '../kernel/secret.ts';
import type { RunEvent } from '../run/events.ts';
import { describeError } from './error-text.ts';
import type { ErrorReport } from './error-text.ts';

/** An event that may be shown anywhere: errors became plain data and no text holds a known secret. */
export type PrintableEvent = Printable<RunEvent>;

type Printable<T> = T extends BootstrapError
  ? ErrorReport
  : T extends Date
    ? Date
    : T extends readonly (infer Item)[]
      ? readonly Printable<Item>[]
      : T extends object
        ? { readonly [Key in keyof T]: Printable<T[Key]> }
        : T;

/** Words that this program sets and switches on; masking them would change the meaning, not hide anything. */
const SWITCHES: ReadonlySet<string> = new Set(['type', 'kind', 'level']);

/** The keys below these are no names of fields, but of units, hosts and the like. */
const NAMED_THINGS: ReadonlySet<string> = new Set(['services', 'mountedBy', 'labels', 'annotations']);

/**
 * Masks in the data, before any rendering: escaping, diffing, cutting and JSON quoting would each
 * give a secret a form that a search through the finished text no longer finds.
 */
export function printable(event: RunEvent, secrets: ReadonlySet<Secret>): PrintableEvent {
  const mask = maskerFor(secrets);
  const masked =
    event.type === 'result'
      ? { ...event, data: everyText(event.data, mask) }
      : changed(event, { change: mask, kept: SWITCHES });
  return masked as PrintableEvent;
}

type Mask = (text: string) => string;

const maskers = new WeakMap<ReadonlySet<Secret>, { readonly size: number; readonly mask: Mask }>();

/** Secrets become more as a run goes on, and never fewer. */
function maskerFor(secrets: ReadonlySet<Secret>): Mask {
  const known = maskers.get(secrets);
  if (known?.size === secrets.size) return known.mask;
  const mask = redactor(secrets);
  maskers.set(secrets, { size: secrets.size, mask });
  return mask;
}

/** A copy of an answer in which every text is changed, wherever it stands. */
export const everyText = <T>(value: T, change: Mask): T => changed(value, { change, kept: new Set() }) as T;

interface Change {
  readonly change: Mask;
  /** Fields whose values stay. */
  readonly kept: ReadonlySet<string>;
}

function changed(value: unknown, how: Change): unknown {
  if (typeof value === 'string') return how.change(value);
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  if (value instanceof Secret) return value.toString();
  if (value instanceof Error) return changed(describeError(asBootstrapError(value)), how);
  if (Array.isArray(value)) return value.map((item) => changed(item, how));
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => {
      if (how.kept.has(key)) return [key, item];
      const copy = changed(item, how);
      return [key, NAMED_THINGS.has(key) ? withNames(copy, how) : copy];
    }),
  );
}

const withNames = (things: unknown, { change }: Change): unknown =>
  typeof things === 'object' && things !== null
    ? Object.fromEntries(Object.entries(things).map(([name, thing]) => [change(name), thing]))
    : things;
