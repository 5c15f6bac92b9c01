import { inspect } from 'node:util';
import { groupBy } from './group-by.ts';

const MASK = '***';

/** A value that prints as `***` wherever it is printed by accident; `reveal()` is the only way in. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return MASK;
  }

  toJSON(): string {
    return MASK;
  }

  [inspect.custom](): string {
    return MASK;
  }
}

/** Every secret in plain data, however deep. */
export function secretsIn(value: unknown): Secret[] {
  if (value instanceof Secret) return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(secretsIn) : [];
}

/**
 * Masks every given secret in a text: as it stands, in base64, URL-encoded and shell-quoted. What several
 * cover is masked as a whole: one that is part of another, or overlaps its end, leaves nothing of it behind. A text is read once, however
 * many secrets there are.
 */
export function redactor(secrets: Iterable<Secret>): (text: string) => string {
  const byBeginning = groupBy(
    [...secrets].flatMap((secret) => formsOf(secret.reveal())).toSorted((a, b) => b.length - a.length),
    (form) => form.slice(0, BEGINNING),
  );
  return (text) => {
    let masked = '';
    let told = 0;
    for (let at = 0; at <= text.length - BEGINNING; at += 1) {
      const form = byBeginning.get(text.slice(at, at + BEGINNING))?.find((one) => text.startsWith(one, at));
      if (form === undefined) continue;
      if (at >= told) masked += text.slice(told, at) + MASK;
      told = Math.max(told, at + form.length);
    }
    return masked + text.slice(told);
  };
}

export const redact = (text: string, secrets: Iterable<Secret>): string => redactor(secrets)(text);

/** Shorter ones are not masked: "a" as a mask everywhere would tell more than it hides. */
const BEGINNING = 4;

const formsOf = (value: string): string[] =>
  value.length < BEGINNING
    ? []
    : [
        value,
        Buffer.from(value).toString('base64'),
        encodeURIComponent(Buffer.from(value).toString()),
        value.replaceAll("'", "'\\''"),
      ];
