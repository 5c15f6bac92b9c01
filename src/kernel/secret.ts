import { inspect } from 'node:util';

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

/**
 * Masks every given secret in a text: as it stands, in base64, URL-encoded and shell-quoted. Longer ones first: one
 * that is part of another must not leave the other's rest behind.
 */
export function redact(text: string, secrets: Iterable<Secret>): string {
  const values = [...secrets].map((secret) => secret.reveal()).sort((a, b) => b.length - a.length);
  let masked = text;
  for (const value of values) {
    if (value.length < 4) continue; // masking "a" everywhere would tell more than it hides
    for (const form of [
      value,
      Buffer.from(value).toString('base64'),
      encodeURIComponent(value),
      value.replaceAll("'", "'\\''"),
    ]) {
      masked = masked.replaceAll(form, MASK);
    }
  }
  return masked;
}
