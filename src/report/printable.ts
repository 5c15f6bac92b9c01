import { asBootstrapError } from '../kernel/errors.ts';
import type { BootstrapError } from '../kernel/errors.ts';
import { redact, Secret } from '../kernel/secret.ts';
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
const DISCRIMINANTS: ReadonlySet<string> = new Set(['type', 'kind', 'level']);

/**
 * Masks in the data, before any rendering: escaping, diffing, cutting and JSON quoting would each
 * give a secret a form that a search through the finished text no longer finds.
 */
export function printable(event: RunEvent, secrets: Iterable<Secret>): PrintableEvent {
  return maskDeep(event, maskerFor(secrets)) as PrintableEvent;
}

type Mask = (text: string) => string;

function maskerFor(secrets: Iterable<Secret>): Mask {
  const all = [...secrets];
  const done = new Map<string, string>(); // a plan repeats the same file for many hosts
  return (text) => {
    const known = done.get(text);
    if (known !== undefined) return known;
    const masked = redact(text, all);
    done.set(text, masked);
    return masked;
  };
}

function maskDeep(value: unknown, mask: Mask): unknown {
  if (typeof value === 'string') return mask(value);
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  if (value instanceof Secret) return value.toString();
  if (value instanceof Error) return maskDeep(describeError(asBootstrapError(value)), mask);
  if (Array.isArray(value)) return value.map((item) => maskDeep(item, mask));
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, DISCRIMINANTS.has(key) ? item : maskDeep(item, mask)]),
  );
}
