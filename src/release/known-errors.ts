import * as z from 'zod';
import { readable } from '../kernel/quotable.ts';
import { read } from './release-data.ts';

const text = z.string().min(1);
const schema = z.array(z.strictObject({ pattern: text, code: text, hint: text }));

/** A row of `release/known-errors.yaml`. */
export type KnownError = z.infer<typeof schema>[number];

/** The error that shows in what a host said, if it is a known one. */
export function knownError(said: string): KnownError | undefined {
  const text = readable(said);
  return knownErrors().find(({ pattern }) => new RegExp(pattern, 'i').test(text));
}

/** All of them, in the order in which they are tried. */
export const knownErrors = (): readonly KnownError[] => read('known-errors.yaml', schema);
