import * as z from 'zod';
import { readData } from '../kernel/data.ts';
import { ONCE } from '../kernel/once.ts';

const schema = z.record(z.string(), z.enum(['data', 'shared', 'new', 'system']));

let loaded: z.infer<typeof schema> | undefined;

/** What `templates/nfs/places.yaml` says of a plain absolute path. */
export interface Place {
  /** The deepest place that the path is at or below. */
  readonly name: string;
  readonly kind: 'data' | 'shared' | 'new' | 'system';
  /** The path is that place, not a folder below it. */
  readonly itself: boolean;
}

export function placeOf(path: string): Place {
  loaded ??= schema.parse(readData('templates/nfs/places.yaml'), ONCE);
  const parts = path.split('/').slice(1).filter(Boolean);
  for (let length = parts.length; length > 0; length -= 1) {
    const name = `/${parts.slice(0, length).join('/')}`;
    const kind = Object.hasOwn(loaded, name) ? loaded[name] : undefined;
    if (kind !== undefined) return { name, kind, itself: length === parts.length };
  }
  return { name: '/', kind: 'new', itself: parts.length === 0 };
}

/** Whose a folder is that nobody may give away; nothing for all others. */
export function ownerOfFolder(path: string): string | undefined {
  const { name, kind, itself } = placeOf(path);
  if (kind === 'system' || (kind === 'new' && itself)) return `${name} belongs to the system`;
  const hidden = path.split('/').find((part) => part.startsWith('.'));
  return hidden === undefined ? undefined : `${hidden} is hidden, as folders with settings and keys are`;
}
